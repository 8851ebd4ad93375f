//! All replicas of one version.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc;

use super::prometheus::Target;
use super::replica::{Launch, Recipe, Replica};
use super::{Cast, StageError, folder, ports};
use crate::rehearse::event::{Happened, Side};
use crate::rehearse::plan::{CANARY_HASH, Plan, STABLE_HASH};

/// A version of the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// A spin.toml, a folder that has one, or a reference to a registry.
    pub reference: String,
    /// What it does wrong, as `slipway up --fault` takes it.
    pub faults: Vec<String>,
    /// Further arguments of `slipway up`.
    pub arguments: Vec<String>,
}

/// How replicas take their requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// By `slipway up`.
    Up,
    /// By `slipway sidecar`, in front of `slipway up`.
    Sidecar,
}

/// All replicas of one version.
#[derive(Debug)]
pub struct Pool {
    side: Side,
    version: Version,
    via: Via,
    name: String,
    program: PathBuf,
    limits: Vec<String>,
    folder: PathBuf,
    cache: PathBuf,
    min_ready: Duration,
    time_scale: f64,
    tell: mpsc::UnboundedSender<Happened>,
    replicas: Vec<Replica>,
    leaving: Vec<Replica>,
    /// Places of replicas; the one that was left longest ago is taken next.
    slots: VecDeque<Slot>,
}

/// The place of a replica: a name, and addresses.
#[derive(Clone, Debug)]
struct Slot {
    pod: String,
    listen: SocketAddr,
    admin: SocketAddr,
}

impl Pool {
    pub(super) fn new(
        side: Side,
        version: Version,
        plan: &Plan,
        cast: &Cast,
        (folder, cache): (&Path, &Path),
        tell: mpsc::UnboundedSender<Happened>,
        places: u32,
    ) -> Result<Self, StageError> {
        let slot = |number| {
            let pod = format!("{}-{}-{number}", plan.rollout, hash(side));
            Ok(Slot { pod, listen: ports::take()?, admin: ports::take()? })
        };
        Ok(Self {
            side,
            version,
            via: cast.via,
            name: plan.rollout.clone(),
            program: cast.program.clone(),
            limits: plan.limits.clone(),
            folder: folder.to_owned(),
            cache: cache.to_owned(),
            min_ready: plan.min_ready,
            time_scale: cast.time_scale,
            tell,
            replicas: Vec::new(),
            leaving: Vec::new(),
            slots: (1..=places).map(slot).collect::<Result<_, StageError>>()?,
        })
    }

    /// How many there should be.
    pub fn wanted(&self) -> u32 {
        u32::try_from(self.replicas.len()).unwrap_or(u32::MAX)
    }

    /// How many are ready.
    pub fn ready(&self) -> u32 {
        u32::try_from(self.addresses().len()).unwrap_or(u32::MAX)
    }

    /// Where those that are ready take requests.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.replicas
            .iter()
            .filter(|replica| replica.is_ready())
            .map(|replica| replica.recipe.listen)
            .collect()
    }

    /// Where all that there may ever be are scraped.
    pub(super) fn targets(&self) -> impl Iterator<Item = Target> {
        let target =
            |slot: &Slot| Target { address: slot.admin, pod: slot.pod.clone(), hash: hash(self.side) };
        self.slots.iter().map(target)
    }

    /// Starts more, or says which are to go: first those that are not ready, then the youngest.
    pub(super) fn scale(&mut self, replicas: u32) -> Result<(), StageError> {
        while self.wanted() < replicas {
            let recipe = self.recipe()?;
            self.replicas.push(Replica::start(recipe, self.tell.clone()));
        }
        while self.wanted() > replicas {
            let unready = self.replicas.iter().position(|replica| !replica.is_ready());
            let index = unready.unwrap_or(self.replicas.len() - 1);
            self.leaving.push(self.replicas.remove(index));
        }
        Ok(())
    }

    /// Ends those that are to go, in their own time.
    pub(super) fn dismiss(&mut self) {
        for replica in self.leaving.drain(..) {
            tokio::spawn(replica.stop());
        }
    }

    /// The last line that any of them wrote.
    pub(super) fn last_words(&self) -> String {
        let logs =
            self.replicas.iter().flat_map(|replica| &replica.recipe.launches).map(|launch| &launch.log);
        let mut lines = logs.filter_map(|log| std::fs::read_to_string(log).ok());
        lines.find_map(|text| text.lines().last().map(|line| format!(": {line}"))).unwrap_or_default()
    }

    fn recipe(&mut self) -> Result<Recipe, StageError> {
        let taken = |slot: &Slot| self.replicas.iter().any(|replica| replica.recipe.pod == slot.pod);
        let free = self.slots.iter().position(|slot| !taken(slot)).ok_or(StageError::NoPort)?;
        let slot = self.slots.remove(free).ok_or(StageError::NoPort)?;
        self.slots.push_back(slot.clone());
        let Slot { pod, listen, admin } = slot;
        let home = self.folder.join(&pod);
        folder(&home)?;
        let launches = match self.via {
            Via::Up => {
                let mut up = self.up(&home, listen, admin);
                up.arguments.extend(self.faults());
                vec![up]
            }
            Via::Sidecar => {
                let (inner, inner_admin) = (ports::take()?, ports::take()?);
                vec![self.up(&home, inner, inner_admin), self.sidecar(&home, inner, listen, admin)]
            }
        };
        let Self { side, min_ready, time_scale, .. } = *self;
        Ok(Recipe { pod, side, launches, listen, admin, min_ready, time_scale })
    }

    fn faults(&self) -> Vec<String> {
        self.version.faults.iter().map(|fault| format!("--fault={fault}")).collect()
    }

    fn up(&self, home: &Path, listen: SocketAddr, admin: SocketAddr) -> Launch {
        let mut arguments = vec![
            "up".to_owned(),
            format!("--from={}", self.version.reference),
            format!("--listen={listen}"),
            format!("--admin-listen={admin}"),
            format!("--state-dir={}", home.display()),
            format!("--cache-dir={}", self.cache.display()),
            // The router has taken it out before it is asked to end.
            "--drain-delay=0s".to_owned(),
            "--drain-timeout=3s".to_owned(),
            "--log-level=warn".to_owned(),
        ];
        arguments.extend(self.limits.iter().chain(&self.version.arguments).cloned());
        Launch { program: self.program.clone(), arguments, log: home.join("up.log") }
    }

    /// In front of the application, with the faults.
    fn sidecar(&self, home: &Path, upstream: SocketAddr, listen: SocketAddr, admin: SocketAddr) -> Launch {
        let mut arguments = vec![
            "sidecar".to_owned(),
            format!("--upstream=http://{upstream}"),
            format!("--listen={listen}"),
            format!("--admin-listen={admin}"),
            format!("--component={}", self.name),
            "--drain-delay=0s".to_owned(),
            "--drain-timeout=3s".to_owned(),
            "--log-level=warn".to_owned(),
        ];
        arguments.extend(self.faults());
        Launch { program: self.program.clone(), arguments, log: home.join("sidecar.log") }
    }
}

fn hash(side: Side) -> &'static str {
    match side {
        Side::Stable => STABLE_HASH,
        Side::Canary => CANARY_HASH,
    }
}
