//! Claims about both halves together, and against another implementation (`rtc-srtp`).

use super::*;
use proptest::prelude::*;
use rtc_crypto::RTCCryptoProvider;
use rtc_srtp::context::Context;
use rtc_srtp::protection_profile::ProtectionProfile;
use std::collections::HashMap;
use std::sync::Arc;

const PROFILES: [SrtpProfile; 2] = [SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmSha1_80];

fn provider() -> Arc<dyn RTCCryptoProvider> {
    rtc_crypto::default_provider().unwrap()
}

fn exported(profile: SrtpProfile) -> Vec<u8> {
    (0..SessionKeys::exported_bytes(profile)).map(|i| (i * 37 + 11) as u8).collect()
}

fn sealer(profile: SrtpProfile) -> Sealer {
    let bytes = exported(profile);
    let keys = SessionKeys::cut(profile, &bytes).unwrap();
    let mut sealer = Sealer::without_keys();
    sealer.set_keys(provider().crypto(), profile, &keys.server).unwrap();
    sealer
}

fn opener(profile: SrtpProfile) -> Opener {
    let bytes = exported(profile);
    let keys = SessionKeys::cut(profile, &bytes).unwrap();
    Opener::new(provider().crypto(), profile, &keys.server).unwrap()
}

fn other_implementation(profile: SrtpProfile) -> Context {
    let bytes = exported(profile);
    let keys = SessionKeys::cut(profile, &bytes).unwrap();
    let theirs = match profile {
        SrtpProfile::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
        SrtpProfile::Aes128CmSha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
    };
    Context::new(keys.server.key, keys.server.salt, theirs, None, None, provider().crypto()).unwrap()
}

/// A packet with one CSRC and a one-byte header extension: 12 + 4 + 8 bytes of header.
fn rtp(ssrc: u32, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x91, 96];
    packet.extend_from_slice(&sequence.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 1, 0]);
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(&[9, 9, 9, 9, 0xbe, 0xde, 0, 1, 0x51, 1, 2, 0]);
    packet.extend_from_slice(payload);
    packet
}
const HEADER: usize = 24;

fn rtcp(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x81, 206, 0, 2];
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(&[1, 2, 3, 4]);
    packet
}

#[test]
fn what_is_sealed_opens_again_with_the_index_it_was_sealed_under() {
    for profile in PROFILES {
        let (mut sealer, mut opener) = (sealer(profile), opener(profile));
        sealer.register_ssrc(5).unwrap();
        // Over the wrap of the sequence number, in the order they were sent.
        for index in 65_500u64..65_600 {
            let plain = rtp(5, index as u16, &[index as u8; 300]);
            let mut buffer = b"before".to_vec();
            buffer.extend_from_slice(&plain);
            sealer.seal_rtp(&mut buffer, 6, HEADER, 5, index).unwrap();
            assert_eq!(&buffer[..6], b"before");
            assert_eq!(buffer.len(), 6 + plain.len() + profile.tag_bytes());
            let opened = opener.open_rtp(&mut buffer[6..]).unwrap();
            assert_eq!(opened, OpenedRtp { len: plain.len(), index });
            assert_eq!(&buffer[6..6 + opened.len], &plain[..]);
        }
    }
}

#[test]
fn rtp_agrees_with_another_implementation_both_ways() {
    for profile in PROFILES {
        let (mut ours, mut theirs) = (sealer(profile), other_implementation(profile));
        ours.register_ssrc(0xdead_beef).unwrap();
        for index in [65_534u64, 65_535, 65_536, 65_537] {
            let plain = rtp(0xdead_beef, index as u16, b"a frame of a lesson");
            let mut sealed = plain.clone();
            ours.seal_rtp(&mut sealed, 0, HEADER, 0xdead_beef, index).unwrap();
            assert_eq!(&theirs.decrypt_rtp(&sealed).unwrap()[..], &plain[..], "{profile:?} {index}");
        }
        let (mut ours, mut theirs) = (opener(profile), other_implementation(profile));
        for sequence in [65_534u16, 65_535, 0, 1] {
            let plain = rtp(77, sequence, b"a frame of a classroom");
            let mut sealed = theirs.encrypt_rtp(&plain).unwrap();
            let opened = ours.open_rtp(&mut sealed).unwrap();
            assert_eq!(&sealed[..opened.len], &plain[..], "{profile:?} {sequence}");
        }
    }
}

#[test]
fn rtcp_agrees_with_another_implementation_both_ways() {
    for profile in PROFILES {
        let (mut ours, mut theirs) = (sealer(profile), other_implementation(profile));
        for _ in 0..3 {
            let mut sealed = Vec::new();
            ours.seal_rtcp(&rtcp(9), &mut sealed).unwrap();
            assert_eq!(&theirs.decrypt_rtcp(&sealed).unwrap()[..], &rtcp(9)[..], "{profile:?}");
        }
        let (mut ours, mut theirs) = (opener(profile), other_implementation(profile));
        for _ in 0..3 {
            let mut sealed = theirs.encrypt_rtcp(&rtcp(10)).unwrap();
            let len = ours.open_rtcp(&mut sealed).unwrap();
            assert_eq!(&sealed[..len], &rtcp(10)[..], "{profile:?}");
        }
    }
}

#[test]
fn a_replayed_packet_is_dropped() {
    for profile in PROFILES {
        let (mut sealer, mut opener) = (sealer(profile), opener(profile));
        sealer.register_ssrc(1).unwrap();
        let mut sealed = rtp(1, 10, b"once");
        sealer.seal_rtp(&mut sealed, 0, HEADER, 1, 10).unwrap();
        opener.open_rtp(&mut sealed.clone()).unwrap();
        assert_eq!(opener.open_rtp(&mut sealed.clone()), Err(SrtpError::Replayed));
        let mut report = Vec::new();
        sealer.seal_rtcp(&rtcp(1), &mut report).unwrap();
        opener.open_rtcp(&mut report.clone()).unwrap();
        assert_eq!(opener.open_rtcp(&mut report.clone()), Err(SrtpError::Replayed));
    }
}

#[test]
fn a_changed_byte_anywhere_fails_and_leaves_no_state_behind() {
    for profile in PROFILES {
        let (mut sealer, mut opener) = (sealer(profile), opener(profile));
        sealer.register_ssrc(1).unwrap();
        let mut sealed = rtp(1, 10, b"payload");
        sealer.seal_rtp(&mut sealed, 0, HEADER, 1, 10).unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 0x20;
            opener.open_rtp(&mut changed).unwrap_err();
        }
        opener.open_rtp(&mut sealed).unwrap();
        let mut report = Vec::new();
        sealer.seal_rtcp(&rtcp(1), &mut report).unwrap();
        for at in 0..report.len() {
            let mut changed = report.clone();
            changed[at] ^= 0x20;
            opener.open_rtcp(&mut changed).unwrap_err();
        }
        opener.open_rtcp(&mut report).unwrap();
    }
}

#[test]
fn forged_packets_of_many_ssrcs_make_no_state_and_authentic_ones_only_so_many() {
    let profile = SrtpProfile::AeadAes128Gcm;
    let mut opener = opener(profile);
    for ssrc in 0..1_000 {
        let mut forged = rtp(ssrc, 1, &[0; 64]);
        assert_eq!(opener.open_rtp(&mut forged), Err(SrtpError::Authentication));
    }
    let mut theirs = other_implementation(profile);
    for ssrc in 0..=MAX_SSRCS_PER_PEER as u32 {
        let mut sealed = theirs.encrypt_rtp(&rtp(ssrc, 1, b"x")).unwrap();
        let opened = opener.open_rtp(&mut sealed);
        assert_eq!(opened.is_ok(), (ssrc as usize) < MAX_SSRCS_PER_PEER, "{ssrc}: {opened:?}");
    }
}

#[test]
fn the_sealer_refuses_what_it_may_not_seal_and_leaves_the_buffer_as_it_was() {
    let mut ours = sealer(SrtpProfile::AeadAes128Gcm);
    let mut try_seal = |ssrc: u32, sequence: u16, header_len: usize, index: u64| {
        let mut buffer = vec![7; 3];
        buffer.extend_from_slice(&rtp(1, sequence, b"x"));
        let result = ours.seal_rtp(&mut buffer, 3, header_len, ssrc, index);
        assert!(result.is_ok() || buffer == [7; 3]);
        if ssrc == 1 && sequence == 0 {
            ours.register_ssrc(1).unwrap();
        }
        result
    };
    assert_eq!(try_seal(1, 0, HEADER, 0), Err(SrtpError::UnknownSsrc));
    assert_eq!(
        try_seal(1, 2, HEADER, 3),
        Err(SrtpError::Malformed),
        "the header says another sequence number"
    );
    assert_eq!(try_seal(2, 2, HEADER, 2), Err(SrtpError::Malformed), "the header says another SSRC");
    assert_eq!(try_seal(1, 2, 12, 2), Err(SrtpError::Malformed), "part of the header would be encrypted");
    assert_eq!(try_seal(1, 2, HEADER, 2), Ok(()));
    assert_eq!(try_seal(1, 2, HEADER, 2), Err(SrtpError::IndexUsed));
    assert_eq!(try_seal(1, 2, HEADER, (1 << 48) + 2), Err(SrtpError::KeyExhausted));
    let bytes = exported(SrtpProfile::AeadAes128Gcm);
    let keys = SessionKeys::cut(SrtpProfile::AeadAes128Gcm, &bytes).unwrap();
    let again = ours.set_keys(provider().crypto(), SrtpProfile::AeadAes128Gcm, &keys.server);
    assert_eq!(again, Err(SrtpError::KeyExhausted), "the windows belong to the first keys");
}

#[test]
fn garbage_of_any_length_is_refused_without_a_panic() {
    for profile in PROFILES {
        let mut opener = opener(profile);
        for first in [0x80u8, 0x8f, 0x90, 0x9f, 0xbf, 0x00] {
            for len in 0..80 {
                let mut garbage = vec![0xff; len];
                if let Some(byte) = garbage.first_mut() {
                    *byte = first;
                }
                opener.open_rtp(&mut garbage.clone()).unwrap_err();
                opener.open_rtcp(&mut garbage).unwrap_err();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The one rule that must never break: no two packets under one (key, SSRC, index).
    #[test]
    fn no_index_of_an_ssrc_is_sealed_twice(
        steps in prop::collection::vec((0u32..4, prop_oneof![0u64..40, 0u64..5_000, 65_000u64..70_000], any::<u8>()), 1..600)
    ) {
        let mut ours = sealer(SrtpProfile::AeadAes128Gcm);
        let mut sealed_under: HashMap<(u32, u64), Vec<u8>> = HashMap::new();
        for ssrc in 0..3 {
            ours.register_ssrc(ssrc).unwrap();
        }
        for (ssrc, index, byte) in steps {
            // Registering again, as a slot that is filled anew would, must not forget.
            if byte % 16 == 0 && ssrc < 3 {
                ours.register_ssrc(ssrc).unwrap();
            }
            let mut buffer = rtp(ssrc, index as u16, &[byte; 16]);
            match ours.seal_rtp(&mut buffer, 0, HEADER, ssrc, index) {
                Ok(()) => prop_assert!(sealed_under.insert((ssrc, index), buffer).is_none(), "{ssrc} {index} twice"),
                Err(SrtpError::UnknownSsrc) => prop_assert_eq!(ssrc, 3),
                Err(error) => prop_assert_eq!(error, SrtpError::IndexUsed),
            }
        }
    }

    /// A window that remembers `WINDOW` indexes lets through exactly what a set of all of them would, and never more.
    #[test]
    fn the_window_lets_nothing_through_that_was_marked(indexes in prop::collection::vec(0u64..4_000, 1..800)) {
        let mut window = window::Window::new();
        let mut all = std::collections::HashSet::new();
        for index in indexes {
            let new = window.is_new(index);
            let recent = window.highest().is_none_or(|highest| index + window::WINDOW > highest);
            prop_assert_eq!(new, recent && !all.contains(&index));
            if new {
                window.mark(index);
                all.insert(index);
            }
        }
    }
}
