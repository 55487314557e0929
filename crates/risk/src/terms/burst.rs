//! What many of a kind count, shared by the terms about crowds.

use countersign_core::MicroLogit;

use crate::{
    Burst, Code, Contribution,
    number::{LIMIT_MICRO, clip, micro, milli},
};

impl Burst {
    /// The contribution of `hour` others within an hour and `day` within 24; 0 up to the free numbers.
    pub(super) fn evidence(&self, hour: u16, day: u16) -> MicroLogit {
        let most = hour.saturating_sub(self.free_hour).max(day.saturating_sub(self.free_day));
        let counted = micro(milli(self.weight_milli) * libm::log1p(f64::from(most)));
        clip(counted, 0, self.hi_micro.clamp(0, LIMIT_MICRO))
    }

    /// The same at a share in thousandths.
    pub(super) fn scaled(self, share_milli: u32) -> Self {
        let weight = u64::from(self.weight_milli) * u64::from(share_milli) / 1_000;
        let hi_micro = self.hi_micro.saturating_mul(i64::from(share_milli)) / 1_000;
        Self { weight_milli: u32::try_from(weight).unwrap_or(u32::MAX), hi_micro, ..self }
    }

    /// The contribution as a reason; `text` is told the number that counted most and its time, such as `5 other accounts`
    /// and `in the last hour`.
    pub(super) fn contribution(
        &self,
        code: Code,
        (hour, day): (u16, u16),
        text: impl FnOnce(&str, &str) -> String,
    ) -> Option<Contribution> {
        let micro = self.evidence(hour, day);
        if micro == 0 {
            return None;
        }
        let is_hour = hour.saturating_sub(self.free_hour) >= day.saturating_sub(self.free_day);
        let (count, span) = if is_hour { (hour, "in the last hour") } else { (day, "in the last 24 hours") };
        let others = match count {
            1 => "1 other account".to_owned(),
            // No more than 32 are counted.
            32.. => "32 or more other accounts".to_owned(),
            _ => format!("{count} other accounts"),
        };
        Contribution::new(code, micro, (0, LIMIT_MICRO), text(&others, span))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Model, code};

    #[test]
    fn what_is_free_counts_nothing_and_the_worse_of_hour_and_day_is_told() {
        let burst = Model::default().sign_up.block;
        let of = |hour, day| {
            burst.contribution(code::BLOCK_SIGN_UPS, (hour, day), |others, span| format!("{others} {span}"))
        };
        assert_eq!(of(burst.free_hour, burst.free_day), None);
        assert_eq!(of(9, 9).unwrap().text, "9 other accounts in the last hour");
        assert_eq!(of(0, 32).unwrap().text, "32 or more other accounts in the last 24 hours");
        assert!(of(9, 9).unwrap().micro < of(32, 32).unwrap().micro);
        assert_eq!(of(u16::MAX, u16::MAX).unwrap().micro, burst.hi_micro);
    }
}
