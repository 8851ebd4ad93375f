//! Generated bindings of the Spin interfaces the shim offers; see `build.rs`.

include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
