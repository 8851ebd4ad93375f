//! What a process uses, and how that changes.

use crate::slipway::Slipway;

/// What a process uses at one time.
#[derive(Clone, Copy, Debug)]
pub struct Vitals {
    /// Resident memory, in MiB.
    pub memory: u64,
    /// Open descriptors.
    pub descriptors: u64,
}

impl Vitals {
    /// Of this process, now.
    ///
    /// # Errors
    /// When it has ended.
    pub fn of(slipway: &Slipway) -> anyhow::Result<Self> {
        Ok(Self { memory: slipway.memory()? >> 20, descriptors: slipway.descriptors()? as u64 })
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
