//! What a process uses, as the system tells it.

use std::fs;

use anyhow::Context;

/// Bytes of memory that it has now.
///
/// # Errors
/// When it has ended, or the system does not tell.
pub fn memory(id: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes * 1024)
}

/// Descriptors that it has open now.
///
/// # Errors
/// When it has ended, or the system does not tell.
pub fn descriptors(id: u32) -> anyhow::Result<usize> {
    Ok(fs::read_dir(format!("/proc/{id}/fd"))?.count())
}
