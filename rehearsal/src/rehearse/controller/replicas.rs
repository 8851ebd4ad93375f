//! How many replicas each version gets.

/// Replicas of both versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub stable: u32,
    pub canary: u32,
}

/// With a router: enough replicas for a share of the traffic, rounded up.
pub(super) fn for_weight(replicas: u32, percent: u8) -> u32 {
    (replicas * u32::from(percent)).div_ceil(100)
}

/// Without a router the share of the traffic is the share of the replicas: the counts that come closest to `percent`, with one
/// replica more if the surge allows it and that is closer. Both versions keep a replica between 1 and 99 percent, where
/// there are two to give.
pub(super) fn closest(replicas: u32, percent: u8, surge: u32) -> Counts {
    if replicas == 0 {
        return Counts { stable: 0, canary: 0 };
    }
    let exact = f64::from(replicas) * f64::from(percent) / 100.0;
    let (low, high) = (replicas * u32::from(percent) / 100, for_weight(replicas, percent));
    let may_be_all_or_nothing = percent == 0 || percent == 100 || (replicas == 1 && surge == 0);
    let low_allowed = low > 0 || may_be_all_or_nothing;
    let mut options = Vec::new();
    if high < replicas || may_be_all_or_nothing {
        options.push((high, replicas));
    }
    if low_allowed && !is_half(exact) {
        options.push((low, replicas));
    }
    if surge > 0 {
        options.push((high, replicas + 1));
        if low_allowed && !is_half(f64::from(replicas + 1) * f64::from(percent) / 100.0) {
            options.push((low, replicas + 1));
        }
    }
    let distance = |(canary, total): (u32, u32)| {
        (f64::from(canary) * 100.0 / f64::from(total) - f64::from(percent)).abs()
    };
    // The first of those that are equally close.
    let best =
        options.into_iter().reduce(|best, other| if distance(other) < distance(best) { other } else { best });
    let (canary, total) = best.unwrap_or((0, replicas));
    Counts { stable: total - canary, canary }
}

/// Equally far from the number below and above: then the one above is meant.
fn is_half(number: f64) -> bool {
    (number.fract() - 0.5).abs() < f64::EPSILON
}

/// Limits within which replicas are exchanged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Replicas that the Rollout asks for.
    pub replicas: u32,
    /// How many more there may be.
    pub surge: u32,
    /// How many fewer may be ready.
    pub unavailable: u32,
}

/// Without a router: the next counts on the way from `now` to `wanted`, never more than the surge allows, and never fewer
/// ready ones than may be unavailable. What grows does so first, the stable version before the other.
pub(super) fn next(limits: Limits, now: Counts, ready: Counts, wanted: Counts) -> Counts {
    let mut next = now;
    let mut room = (limits.replicas + limits.surge).saturating_sub(now.stable + now.canary);
    for (count, wanted) in [(&mut next.stable, wanted.stable), (&mut next.canary, wanted.canary)] {
        let more = wanted.saturating_sub(*count).min(room);
        *count += more;
        room -= more;
    }
    // The version that shrinks may not be ready: its replicas do not hold the others up.
    let canary_grows = wanted.canary >= now.canary;
    let stable_counts = if canary_grows { now.stable } else { now.stable.min(ready.stable) };
    let canary_counts = if canary_grows { now.canary.min(ready.canary) } else { now.canary };
    let least = limits.replicas.saturating_sub(limits.unavailable);
    let spare = (stable_counts + canary_counts).saturating_sub(least);
    let (shrinking, wanted) =
        if canary_grows { (&mut next.stable, wanted.stable) } else { (&mut next.canary, wanted.canary) };
    *shrinking -= shrinking.saturating_sub(wanted).min(spare);
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(stable: u32, canary: u32) -> Counts {
        Counts { stable, canary }
    }

    #[test]
    fn with_a_router_the_share_of_replicas_is_rounded_up() {
        for (replicas, percent, expected) in
            [(2, 10, 1), (2, 50, 1), (2, 75, 2), (10, 25, 3), (10, 0, 0), (3, 100, 3), (0, 50, 0)]
        {
            assert_eq!(for_weight(replicas, percent), expected, "{replicas} at {percent} %");
        }
    }

    #[test]
    fn without_a_router_the_closest_counts_are_taken() {
        // Replicas, percent, surge; stable, canary.
        let cases = [
            (10, 10, 1, (9, 1)),
            (10, 25, 0, (7, 3)),
            (10, 5, 1, (10, 1)),
            (2, 25, 1, (2, 1)),
            (2, 75, 1, (1, 2)),
            (2, 50, 1, (1, 1)),
            (1, 5, 1, (1, 1)),
            (1, 95, 1, (1, 1)),
            (1, 50, 0, (0, 1)),
            (3, 50, 0, (1, 2)),
            (4, 1, 0, (3, 1)),
            (4, 99, 0, (1, 3)),
            (4, 0, 1, (4, 0)),
            (4, 100, 1, (0, 4)),
            (0, 40, 1, (0, 0)),
        ];
        for (replicas, percent, surge, (stable, canary)) in cases {
            let got = closest(replicas, percent, surge);
            assert_eq!(got, counts(stable, canary), "{replicas} at {percent} % with a surge of {surge}");
        }
    }

    #[test]
    fn an_exchange_ends_at_what_is_wanted_within_its_limits() {
        for (replicas, surge, unavailable) in
            [(2, 1, 0), (4, 1, 0), (4, 0, 1), (10, 3, 0), (10, 1, 1), (1, 1, 0), (5, 2, 2)]
        {
            let limits = Limits { replicas, surge, unavailable };
            for (from, to) in
                [(counts(replicas, 0), counts(0, replicas)), (counts(0, replicas), counts(replicas, 0))]
            {
                let mut now = from;
                for _ in 0..100 {
                    // What was asked for is ready by the next time.
                    now = next(limits, now, now, to);
                    let all = now.stable + now.canary;
                    assert!(all <= replicas + surge && all >= replicas - unavailable, "{limits:?}: {now:?}");
                }
                assert_eq!(now, to, "{limits:?}");
            }
        }
    }

    #[test]
    fn what_is_not_ready_is_waited_for() {
        let limits = Limits { replicas: 4, surge: 1, unavailable: 0 };
        let now = counts(4, 1);
        assert_eq!(next(limits, now, counts(4, 0), counts(2, 2)), now, "the new replica is not ready");
        assert_eq!(next(limits, now, counts(4, 1), counts(2, 2)), counts(3, 1));
        // On the way back, replicas of the new version need not be ready to go.
        assert_eq!(next(limits, counts(4, 1), counts(4, 0), counts(4, 0)), counts(4, 0));
    }
}
