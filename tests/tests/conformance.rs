//! What a host must survive: components of WASIp3 and WASIp2 that do everything wrong, and clients that do. After each,
//! both components are still served.

#[path = "conformance/guest.rs"]
mod guest;

#[path = "conformance/bodies.rs"]
mod bodies;
#[path = "conformance/clients.rs"]
mod clients;
#[path = "conformance/faults.rs"]
mod faults;
#[path = "conformance/headers.rs"]
mod headers;
#[path = "conformance/instances.rs"]
mod instances;
#[path = "conformance/outbound.rs"]
mod outbound;
#[path = "conformance/overload.rs"]
mod overload;
