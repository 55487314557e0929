//! Rounds of the floor and of decisions in turn, and what the ratio of the two is.

use std::time::Duration;

use crate::{
    figures::{median, spread},
    load::Load,
    print,
    served::{DECISIONS, FLOOR, Measured, Served, middle},
};

/// The part of the time that the floor must have the processor, for a pair to say something of throughput.
const UNDISTURBED: f64 = 0.9;

/// Pairs of rounds, one of the floor and one of decisions each.
#[derive(Default)]
pub struct Pairs(Vec<(Measured, Measured)>);

impl Pairs {
    /// Adds a pair: the floor's round, then that of decisions.
    pub async fn add(&mut self, served: &Served, load: &mut Load, time: Duration) -> anyhow::Result<()> {
        let floor = served.round(load, FLOOR, time).await?;
        let ours = served.round(load, DECISIONS, time).await?;
        self.0.push((floor, ours));
        Ok(())
    }

    /// Prints the newest pair.
    pub fn print_newest(&self) {
        let Some((floor, ours)) = self.0.last() else { return };
        let note = if is_undisturbed(floor) { "" } else { "  disturbed" };
        print(&format!("  floor {floor}   decisions {ours}   ratio {:.3}{note}\n", ours.rate / floor.rate));
    }

    /// What the pairs come to: of those that nothing disturbed, where there are any.
    pub fn summary(&self) -> Summary {
        let calm: Vec<(Measured, Measured)> =
            self.0.iter().filter(|(floor, _)| is_undisturbed(floor)).copied().collect();
        let is_disturbed = calm.is_empty();
        let (floors, ours): (Vec<_>, Vec<_>) =
            if is_disturbed { self.0.clone() } else { calm }.into_iter().unzip();
        let ratios: Vec<f64> = floors.iter().zip(&ours).map(|(floor, ours)| ours.rate / floor.rate).collect();
        let worked: Vec<f64> =
            floors.iter().zip(&ours).map(|(floor, ours)| floor.micros / ours.micros).collect();
        Summary {
            pairs: ratios.len(),
            floor: middle(&floors, |one| one.rate),
            ours: middle(&ours, |one| one.rate),
            // Why not of disturbed ones: who takes the floor's time makes us look good.
            ratio: (!is_disturbed).then(|| (median(&ratios), spread(&ratios))),
            floor_micros: middle(&floors, |one| one.micros),
            our_micros: middle(&ours, |one| one.micros),
            ratio_of_work: median(&worked),
            spread_of_work: spread(&worked),
            bytes: floors.iter().zip(&ours).map(|(floor, ours)| (floor.bytes, ours.bytes)).next(),
        }
    }
}

/// Whether the floor had its processor: when even it does not, another process or the host has it.
fn is_undisturbed(floor: &Measured) -> bool {
    floor.share >= UNDISTURBED
}

/// What some pairs come to; medians.
pub struct Summary {
    /// How many pairs count.
    pub pairs: usize,
    /// The floor's answers a second.
    pub floor: f64,
    /// Decisions a second.
    pub ours: f64,
    /// Decisions over answers of the floor, pair by pair, with the least and the greatest; `None` when something else had the
    /// processor in all of them.
    pub ratio: Option<(f64, (f64, f64))>,
    /// The floor's processor time for one answer, in microseconds.
    pub floor_micros: f64,
    /// A decision's.
    pub our_micros: f64,
    /// The floor's processor time over a decision's, pair by pair: what others do on the machine shows less in it.
    pub ratio_of_work: f64,
    /// Least and greatest of these.
    pub spread_of_work: (f64, f64),
    /// Bytes of an answer's body on average, the floor's and a decision's; `None` of no pairs.
    pub bytes: Option<(u64, u64)>,
}

impl Summary {
    /// The ratio in words.
    pub fn ratio(&self) -> String {
        self.ratio.map_or_else(
            || "not measured, disturbed".to_owned(),
            |(ratio, (low, high))| format!("{ratio:.3} ({low:.3} to {high:.3})"),
        )
    }

    /// Prints all of it.
    pub fn print(&self) {
        let Self { pairs, floor, ours, floor_micros, our_micros, .. } = self;
        let (floor_bytes, our_bytes) = self.bytes.unwrap_or_default();
        let (work, (low, high)) = (self.ratio_of_work, self.spread_of_work);
        print(&format!(
            "  median of {pairs} pairs: floor {floor:.0}, decisions {ours:.0}, ratio {}; must 0.35, aim 0.5\n  \
             processor time for one answer: floor {floor_micros:.1} us, decision {our_micros:.1} us, ratio {work:.3} ({low:.3} to {high:.3})\n  \
             bytes of an answer's body, on average: floor {floor_bytes}, decision {our_bytes}\n",
            self.ratio()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(rate: f64, share: f64) -> Measured {
        Measured { rate, share, micros: 1e6 / rate, p99: Duration::ZERO, refused: 0, bytes: 1 }
    }

    #[test]
    fn disturbed_pairs_say_nothing_of_throughput() {
        let calm = (measured(100.0, 1.0), measured(40.0, 1.0));
        let disturbed = (measured(100.0, 0.5), measured(90.0, 0.5));
        let both = Pairs(vec![calm, disturbed]).summary();
        assert_eq!(
            (both.pairs, both.ratio.map(|(ratio, _)| format!("{ratio:.3}"))),
            (1, Some("0.400".into()))
        );
        let alone = Pairs(vec![disturbed]).summary();
        assert_eq!((alone.pairs, alone.ratio), (1, None));
        assert!((alone.ratio_of_work - 0.9).abs() < 1e-9);
    }
}
