//! Is the new version slower? Judged from few, noisy run times of paired inputs.
//!
//! An input counts as slower when the new version takes more than [`SLOWER`] times as long as the live one. Nothing is suspected unless
//! more inputs are slower than a sign test allows for chance. Even so, one batch alone is often wrong, because the noise of a host is
//! common to all its predictions. So two batches have to be suspicious, and the median over both has to reach the limit.

/// The ratio above which an input counts as slower.
pub(super) const SLOWER: f64 = 1.10;

/// The median ratio from which a version counts as slower, unless a setting names another.
pub(super) const TYPICAL: f64 = 1.25;

/// Differences below this many seconds are not reported.
const LEAST_SECONDS: f64 = 0.2;

/// With fewer inputs nothing is judged.
pub(super) const LEAST_PAIRS: usize = 5;

/// The probability of suspecting a version whose inputs are slower or not by chance.
const SIGNIFICANCE: f64 = 0.05;

/// The run times of one input on both versions, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pair {
    pub(super) live: f64,
    pub(super) staged: f64,
}

impl Pair {
    fn ratio(self) -> f64 {
        self.staged / self.live.max(1e-9)
    }

    fn reversed(self) -> Self {
        Self { live: self.staged, staged: self.live }
    }
}

/// What several pairs show together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Summary {
    pub(super) pairs: usize,
    /// Inputs that are slower.
    pub(super) slower: usize,
    /// The median of the ratios, and their range.
    pub(super) typical: f64,
    pub(super) least: f64,
    pub(super) most: f64,
    /// Median run times in seconds.
    pub(super) live: f64,
    pub(super) staged: f64,
    /// The median of the differences in seconds.
    pub(super) difference: f64,
}

/// What two batches show together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpeedDecision {
    Slower,
    NotSlower,
}

impl Summary {
    /// `None` without any pair.
    pub(super) fn of(pairs: &[Pair]) -> Option<Self> {
        let ratios: Vec<f64> = pairs.iter().map(|pair| pair.ratio()).collect();
        Some(Self {
            pairs: pairs.len(),
            slower: ratios.iter().filter(|ratio| **ratio > SLOWER).count(),
            typical: median(&ratios)?,
            least: ratios.iter().copied().fold(f64::INFINITY, f64::min),
            most: ratios.iter().copied().fold(0.0, f64::max),
            live: median(&pairs.iter().map(|pair| pair.live).collect::<Vec<_>>())?,
            staged: median(&pairs.iter().map(|pair| pair.staged).collect::<Vec<_>>())?,
            difference: median(&pairs.iter().map(|pair| pair.staged - pair.live).collect::<Vec<_>>())?,
        })
    }
}

/// The number of `pairs` inputs that have to be slower before a version is suspected: a one-sided sign test.
pub(super) fn needed(pairs: usize) -> usize {
    let all = i32::try_from(pairs).unwrap_or(i32::MAX);
    let (mut ways, mut tail) = (1.0_f64, 0.0_f64);
    for fewer in 0..=pairs {
        tail += ways * 0.5_f64.powi(all);
        if tail > SIGNIFICANCE {
            return (pairs - fewer + 1).min(pairs);
        }
        ways *= (pairs - fewer) as f64 / (fewer + 1) as f64;
    }
    pairs
}

/// Whether one batch looks slower. Below [`LEAST_PAIRS`] all have to, and nothing is concluded from it.
pub(super) fn is_suspect(pairs: &[Pair]) -> bool {
    let slower = pairs.iter().filter(|pair| pair.ratio() > SLOWER).count();
    !pairs.is_empty() && slower >= needed(pairs.len())
}

/// Decides from two batches of the same inputs in the same order.
pub(super) fn decide(first: &[Pair], second: &[Pair], limit: f64) -> SpeedDecision {
    let both = pooled(first, second);
    let reaches = Summary::of(&both).is_some_and(|summary| summary.typical >= limit && summary.difference >= LEAST_SECONDS);
    if first.len() >= LEAST_PAIRS && second.len() == first.len() && is_suspect(first) && is_suspect(second) && reaches {
        SpeedDecision::Slower
    } else {
        SpeedDecision::NotSlower
    }
}

/// Whether one batch looks faster, by the mirrored rule.
pub(super) fn looks_faster(pairs: &[Pair]) -> bool {
    let mirrored: Vec<Pair> = pairs.iter().map(|pair| pair.reversed()).collect();
    pairs.len() >= LEAST_PAIRS
        && is_suspect(&mirrored)
        && Summary::of(&mirrored).is_some_and(|summary| summary.typical >= TYPICAL && summary.difference >= LEAST_SECONDS)
}

/// Both batches as one: the geometric mean of each input's run times.
pub(super) fn pooled(first: &[Pair], second: &[Pair]) -> Vec<Pair> {
    let pool = |(one, two): (&Pair, &Pair)| Pair { live: (one.live * two.live).sqrt(), staged: (one.staged * two.staged).sqrt() };
    first.iter().zip(second).map(pool).collect()
}

pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        length if length % 2 == 1 => sorted.get(middle).copied(),
        _ => Some(f64::midpoint(*sorted.get(middle - 1)?, *sorted.get(middle)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(ratios: &[f64]) -> Vec<Pair> {
        ratios.iter().map(|ratio| Pair { live: 2.0, staged: 2.0 * ratio }).collect()
    }

    #[test]
    fn the_sign_test_allows_for_chance() {
        let found: Vec<usize> = (5..=12).map(needed).collect();
        assert_eq!(found, [5, 6, 7, 7, 8, 9, 9, 10]);
        assert_eq!((needed(1), needed(4), needed(0)), (1, 4, 0));
    }

    #[test]
    fn only_two_suspicious_batches_that_reach_the_limit_decide() {
        let slow = pairs(&[1.4, 1.5, 1.3, 1.6, 1.4]);
        let alike = pairs(&[1.0, 1.2, 0.9, 1.3, 1.2]);
        let slightly = pairs(&[1.2, 1.15, 1.2, 1.2, 1.2]);
        let short: Vec<Pair> = slow.iter().map(|pair| Pair { live: pair.live / 100.0, staged: pair.staged / 100.0 }).collect();
        for (first, second, limit, wanted) in [
            (&slow, &slow, TYPICAL, SpeedDecision::Slower),
            (&slow, &alike, TYPICAL, SpeedDecision::NotSlower),
            (&alike, &slow, TYPICAL, SpeedDecision::NotSlower),
            (&slow, &slow, 1.6, SpeedDecision::NotSlower),
            (&slightly, &slightly, TYPICAL, SpeedDecision::NotSlower),
            (&slightly, &slightly, 1.15, SpeedDecision::Slower),
            (&short, &short, TYPICAL, SpeedDecision::NotSlower),
        ] {
            assert_eq!(decide(first, second, limit), wanted, "{first:?} {second:?} {limit}");
        }
        let four = &slow[..4];
        assert!(is_suspect(four) && decide(four, four, TYPICAL) == SpeedDecision::NotSlower);
    }

    #[test]
    fn faster_is_the_mirrored_rule() {
        assert!(looks_faster(&pairs(&[0.5, 0.6, 0.7, 0.5, 0.6])));
        assert!(!looks_faster(&pairs(&[0.5, 0.6, 0.7, 0.5, 1.0])));
        assert!(!looks_faster(&pairs(&[0.5, 0.6, 0.7, 0.5])));
    }

    #[test]
    fn a_summary_has_medians_and_the_range() {
        let summary = Summary::of(&pairs(&[1.4, 1.0, 2.0])).unwrap();
        assert_eq!((summary.pairs, summary.slower), (3, 2));
        assert!((summary.typical - 1.4).abs() < 1e-9 && (summary.least - 1.0).abs() < 1e-9 && (summary.most - 2.0).abs() < 1e-9);
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
