//! What a process uses, and how that changes.

use std::fs;

use anyhow::Context;

/// What a process uses at one time.
#[derive(Clone, Copy, Debug)]
pub struct Vitals {
    /// Resident memory, in MiB.
    pub memory: u64,
    /// Open descriptors.
    pub descriptors: u64,
}

impl Vitals {
    /// Of the process with this id, now.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn of(pid: u32) -> anyhow::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).context("the process has ended")?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = resident.and_then(|text| text.split_whitespace().next()).unwrap_or("0");
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd"))?.count();
        Ok(Self { memory: kilobytes.parse::<u64>()? / 1024, descriptors: descriptors as u64 })
    }
}

/// What a process uses over time.
#[derive(Debug, Default)]
pub struct Trend(Vec<Vitals>);

impl Trend {
    pub(super) fn push(&mut self, vitals: Vitals) {
        self.0.push(vitals);
    }

    /// The floors of the second and of the last quarter of the time. At first, instances and connections are still being
    /// made; and a component that takes all the memory it can get is a peak, while a leak raises the floor.
    ///
    /// # Errors
    /// When it was too short to have quarters.
    pub fn ends(&self) -> anyhow::Result<(Vitals, Vitals)> {
        let quarter = self.0.len() / 4;
        anyhow::ensure!(quarter > 0, "only {} looks", self.0.len());
        Ok((floor(&self.0[quarter..2 * quarter]), floor(&self.0[self.0.len() - quarter..])))
    }

    /// The most at any time.
    pub fn peak(&self) -> Vitals {
        let most = |of: fn(&Vitals) -> u64| self.0.iter().map(of).max().unwrap_or(0);
        Vitals { memory: most(|vitals| vitals.memory), descriptors: most(|vitals| vitals.descriptors) }
    }
}

/// A quarter of the looks saw less than this.
fn floor(all: &[Vitals]) -> Vitals {
    let quartile = |of: fn(&Vitals) -> u64| {
        let mut values: Vec<_> = all.iter().map(of).collect();
        values.sort_unstable();
        values[values.len() / 4]
    };
    Vitals { memory: quartile(|vitals| vitals.memory), descriptors: quartile(|vitals| vitals.descriptors) }
}
