//! What is sent, and when: pushes of new versions, of tags that move to and fro, of what nobody releases, told once or
//! more often.

use std::time::Duration;

use fastrand::Rng;
use uuid::Builder;

use super::chance::{below, one_of};
use super::targets::{TARGETS, Tags};
use crate::webhook::{Delivery, Push};

/// The secret that deliveries are signed with.
pub(super) const SECRET: &str = "the secret of the crash test";
/// Deliveries that become due at the same moment are spread over this time.
const SPREAD: Duration = Duration::from_millis(1_500);
/// Between pushes A, B and A, so that they arrive in this order when nothing is in the way.
const STEP: Duration = Duration::from_millis(250);
/// Tags that are pushed again and again.
const MUTABLE: [&str; 3] = ["blue", "green", "latest"];

/// One delivery, with its GUID.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) delivery: Delivery,
    /// The image as people write it, for messages.
    pub(super) pushed: String,
    /// It is sent once so many kills were done,
    pub(super) after_kills: u32,
    /// and then this time later.
    pub(super) offset: Duration,
    pub(super) manner: Manner,
}

/// How often a delivery is sent, beyond what it takes to get an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Once.
    Once,
    /// Twice at the same time, to different replicas if there are any.
    Duplicated,
    /// Again after it was answered, as a person does at GitHub.
    Redelivered,
}

/// So many deliveries, spread over so many kills.
pub(super) fn plan(rng: &mut Rng, deliveries: u32, kills: u32) -> anyhow::Result<Vec<Planned>> {
    let mut planner = Planner { rng, version: 0, last: None, planned: Vec::new() };
    while (planner.planned.len() as u64) < u64::from(deliveries) {
        let after_kills = planner.planned.len() as u64 * u64::from(kills) / u64::from(deliveries);
        planner.add(u32::try_from(after_kills)?)?;
    }
    planner.planned.truncate(usize::try_from(deliveries)?);
    Ok(planner.planned)
}

struct Planner<'a> {
    rng: &'a mut Rng,
    /// Counts the versions, so that each is pushed once.
    version: u32,
    last: Option<Push>,
    planned: Vec<Planned>,
}

impl Planner<'_> {
    /// One or a few pushes that belong together.
    fn add(&mut self, after_kills: u32) -> anyhow::Result<()> {
        let offset = below(self.rng, SPREAD);
        match self.rng.u8(..100) {
            0..50 => {
                let push = self.new_version()?;
                self.tell(push, after_kills, offset);
            }
            50..70 => {
                let push = self.moved_tag()?;
                self.tell(push, after_kills, offset);
            }
            70..82 => self.swing(after_kills, offset)?,
            82..90 => {
                let push = match self.last.clone() {
                    Some(push) => push,
                    None => self.new_version()?,
                };
                self.tell(push, after_kills, offset);
            }
            90..95 => {
                let push = self.new_version()?.without_digest();
                self.tell(push, after_kills, offset);
            }
            95..98 => self.tell(Push::new("ghcr.io/acme/nobody", "1.0.0")?, after_kills, offset),
            _ => {
                let image = self.image(|tags| tags == Tags::Versions);
                self.tell(Push::new(&image, "nightly")?, after_kills, offset);
            }
        }
        Ok(())
    }

    /// Pushes A, B, A of a tag that moves: three releases.
    fn swing(&mut self, after_kills: u32, offset: Duration) -> anyhow::Result<()> {
        let (one, mut other) = (self.moved_tag()?, self.moved_tag()?);
        other = Push::new(&one.image(), other.tag())?.with_digest(other.digest().unwrap_or_default());
        for (number, push) in [&one, &other, &one].into_iter().enumerate() {
            self.tell(push.clone(), after_kills, offset + STEP * u32::try_from(number)?);
        }
        Ok(())
    }

    fn new_version(&mut self) -> anyhow::Result<Push> {
        let image = self.image(|_| true);
        self.version += 1;
        Ok(Push::new(&image, &format!("1.{}.0", self.version))?)
    }

    fn moved_tag(&mut self) -> anyhow::Result<Push> {
        let image = self.image(|tags| tags == Tags::Any);
        let tag = one_of(self.rng, &MUTABLE);
        let digest = format!("sha256:{:064x}", self.rng.u8(1..=3));
        Ok(Push::new(&image, tag)?.with_digest(&digest))
    }

    fn image(&mut self, wanted: impl Fn(Tags) -> bool) -> String {
        let images: Vec<_> =
            TARGETS.iter().filter(|target| wanted(target.tags())).map(|target| target.image()).collect();
        one_of(self.rng, &images).clone()
    }

    /// Plans the event of a push, and often its twin: GitHub may send either, or both.
    fn tell(&mut self, push: Push, after_kills: u32, offset: Duration) {
        let events = [Delivery::registry_package(&push), Delivery::package(&push)];
        let count = if self.rng.u8(..100) < 20 { 2 } else { 1 };
        for (number, delivery) in (0..).zip(events).take(count) {
            let manner = match self.rng.u8(..100) {
                0..15 => Manner::Duplicated,
                15..30 => Manner::Redelivered,
                _ => Manner::Once,
            };
            let offset = offset + below(self.rng, STEP) * number;
            let delivery = delivery.with_guid(&guid(self.rng)).signed(SECRET);
            self.planned.push(Planned { delivery, pushed: name(&push), after_kills, offset, manner });
        }
        self.last = Some(push);
    }
}

/// The image as people write it.
pub(super) fn name(push: &Push) -> String {
    format!("{}:{}@{}", push.image(), push.tag(), push.digest().unwrap_or("no digest"))
}

/// A GUID for a delivery.
pub(super) fn guid(rng: &mut Rng) -> String {
    Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_gives_the_same_plan() {
        let plan = |seed| plan(&mut Rng::with_seed(seed), 100, 40).expect("a plan");
        let told = |seed| plan(seed).into_iter().map(|planned| planned.delivery).collect::<Vec<_>>();
        assert_eq!(told(7), told(7));
        assert_ne!(told(7), told(8));
        assert_eq!(told(7).len(), 100);
    }
}
