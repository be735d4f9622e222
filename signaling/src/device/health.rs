//! What a screen says of itself, and what of it somebody should look after.
//!
//! Pure. Enters: a report of the page, from outside, so every number and word is bounded. Leaves: a refusal, or troubles.

use tongtang_protocol::device::{InputHealth, MAX_SOFTWARE_CHARS, ScreenHealth, ScreenLink, ScreenTrouble};

/// A report is kept so often at most, in milliseconds; one that comes sooner is passed over.
pub const KEEP_EVERY_MS: i64 = 60_000;

/// Largest screen, in pixels either way.
const MAX_PX: u32 = 32_768;

/// Longest round trip that is believed, in milliseconds.
const MAX_RTT_MS: u32 = 600_000;

/// As `LinkLevel::Weak` has it: from here on the lesson goes on with less.
const WEAK_RTT_MS: u32 = 400;
const WEAK_LOSS_PERMILLE: u32 = 30;

/// Is it a report that can be?
pub fn is_sound(health: &ScreenHealth) -> bool {
    let is_word = |text: &str| {
        !text.trim().is_empty()
            && text.chars().count() <= MAX_SOFTWARE_CHARS
            && !text.chars().any(char::is_control)
    };
    let is_link = |link: &ScreenLink| {
        link.rtt_ms.is_none_or(|rtt| rtt <= MAX_RTT_MS) && link.loss_permille.is_none_or(|loss| loss <= 1000)
    };
    let is_size = |px: u32| (1..=MAX_PX).contains(&px);
    is_word(&health.version)
        && is_word(&health.browser)
        && is_size(health.width_px)
        && is_size(health.height_px)
        && health.link.as_ref().is_none_or(is_link)
}

/// How a screen stands beside its report.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Is its page connected?
    pub is_online: bool,
    /// Is it in a lesson?
    pub is_in_lesson: bool,
    /// Does it stand in a classroom?
    pub has_classroom: bool,
}

/// What somebody should look after, the worst first. Of a screen that is not there the last report says nothing.
pub fn troubles(standing: Standing, health: Option<&ScreenHealth>) -> Vec<ScreenTrouble> {
    use ScreenTrouble as T;
    let mut found = Vec::new();
    if !standing.is_online {
        found.push(T::Offline);
    }
    if !standing.has_classroom {
        found.push(T::NoClassroom);
    }
    let Some(health) = health.filter(|_| standing.is_online) else { return found };
    found.extend(match health.camera {
        InputHealth::Fine => None,
        InputHealth::Missing => Some(T::CameraMissing),
        InputHealth::Denied => Some(T::CameraDenied),
        InputHealth::Busy => Some(T::CameraBusy),
        InputHealth::Insecure => Some(T::Insecure),
    });
    found.extend(match health.microphone {
        InputHealth::Fine => None,
        InputHealth::Missing => Some(T::MicrophoneMissing),
        InputHealth::Denied => Some(T::MicrophoneDenied),
        InputHealth::Busy => Some(T::MicrophoneBusy),
        InputHealth::Insecure => Some(T::Insecure),
    });
    let is_weak = |link: &ScreenLink| {
        link.rtt_ms.is_some_and(|rtt| rtt >= WEAK_RTT_MS)
            || link.loss_permille.is_some_and(|loss| loss >= WEAK_LOSS_PERMILLE)
    };
    if standing.is_in_lesson && health.link.as_ref().is_some_and(is_weak) {
        found.push(T::WeakLink);
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fine() -> ScreenHealth {
        ScreenHealth {
            version: "0.1.0".into(),
            browser: "Chromium 156".into(),
            width_px: 1920,
            height_px: 1080,
            camera: InputHealth::Fine,
            microphone: InputHealth::Fine,
            link: None,
            free_mib: Some(4_000),
            uptime_s: 60,
        }
    }

    const THERE: Standing = Standing { is_online: true, is_in_lesson: false, has_classroom: true };

    #[test]
    fn a_report_is_bounded_in_every_field() {
        assert!(is_sound(&fine()));
        let link = |rtt_ms, loss_permille| Some(ScreenLink { rtt_ms, loss_permille, down_bps: None });
        assert!(is_sound(&ScreenHealth { link: link(Some(20), Some(1000)), ..fine() }));
        for bad in [
            ScreenHealth { version: String::new(), ..fine() },
            ScreenHealth { version: "长".repeat(MAX_SOFTWARE_CHARS + 1), ..fine() },
            ScreenHealth { browser: "a\nb".into(), ..fine() },
            ScreenHealth { browser: "a\0b".into(), ..fine() },
            ScreenHealth { width_px: 0, ..fine() },
            ScreenHealth { height_px: MAX_PX + 1, ..fine() },
            ScreenHealth { link: link(Some(MAX_RTT_MS + 1), None), ..fine() },
            ScreenHealth { link: link(None, Some(1001)), ..fine() },
        ] {
            assert!(!is_sound(&bad), "{bad:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_once_and_the_worst_first() {
        assert_eq!(troubles(THERE, Some(&fine())), []);
        assert_eq!(troubles(THERE, None), []);
        let insecure =
            ScreenHealth { camera: InputHealth::Insecure, microphone: InputHealth::Insecure, ..fine() };
        assert_eq!(troubles(THERE, Some(&insecure)), [ScreenTrouble::Insecure]);
        let without =
            ScreenHealth { camera: InputHealth::Missing, microphone: InputHealth::Denied, ..fine() };
        assert_eq!(
            troubles(Standing { has_classroom: false, ..THERE }, Some(&without)),
            [ScreenTrouble::NoClassroom, ScreenTrouble::CameraMissing, ScreenTrouble::MicrophoneDenied]
        );
    }

    #[test]
    fn of_a_screen_that_is_gone_the_last_report_says_nothing() {
        let without = ScreenHealth { camera: InputHealth::Missing, ..fine() };
        let gone = Standing { is_online: false, ..THERE };
        assert_eq!(troubles(gone, Some(&without)), [ScreenTrouble::Offline]);
    }

    #[test]
    fn a_link_is_weak_only_in_a_lesson() {
        let weak = Some(ScreenLink { rtt_ms: None, loss_permille: Some(30), down_bps: None });
        let health = ScreenHealth { link: weak, ..fine() };
        assert_eq!(troubles(THERE, Some(&health)), []);
        let taught = Standing { is_in_lesson: true, ..THERE };
        assert_eq!(troubles(taught, Some(&health)), [ScreenTrouble::WeakLink]);
    }
}
