//! Faults on purpose, for rehearsals: `--fault status=500:30%` makes any application fail so that a gate can be seen to
//! catch it.
//!
//! A fault acts in the component's place: metrics, access log, traces and readiness see it as if the application had done
//! it. The option exists only with the cargo feature `faults`, which no release has: see `tests/tests/faults.rs`.

#[cfg(any(test, not(feature = "faults")))]
mod absent;
#[cfg(feature = "faults")]
mod injected;
#[cfg(any(test, feature = "faults"))]
mod share;
#[cfg(any(test, feature = "faults"))]
mod spec;

#[cfg(not(feature = "faults"))]
pub use absent::{FaultArguments, Faults};
#[cfg(feature = "faults")]
pub use injected::{FaultArguments, Faults};
#[cfg(feature = "faults")]
pub use share::Share;
#[cfg(feature = "faults")]
pub use spec::{Fault, InvalidFault};
