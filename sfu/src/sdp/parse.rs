//! Reads an offer, line by line, into [`Offer`].
//!
//! Tolerant where peers differ (line ends, order, case, unknown attributes, session-level or
//! media-level transport attributes), strict where a wrong guess would cost a lesson: limits,
//! BUNDLE, rtcp-mux, SHA-256 fingerprint.

use super::codec::OfferedCodec;
use super::offer::{Direction, Media, Offer, OfferedExtension, RemoteDescription, RemoteSetup};
use super::{
    MAX_CODECS, MAX_EXTENSIONS, MAX_LINES, MAX_MEDIA, MAX_NAME_BYTES, MAX_RIDS, MAX_SDP_BYTES, MAX_SSRCS,
    SdpError,
};

impl Offer {
    /// Reads an offer.
    ///
    /// # Errors
    /// A limit exceeded, a line that cannot be read, or something missing that we cannot do without.
    pub fn parse(sdp: &str) -> Result<Offer, SdpError> {
        if sdp.len() > MAX_SDP_BYTES {
            return Err(SdpError::Limit { what: "the size of the SDP in bytes", limit: MAX_SDP_BYTES });
        }
        let mut parser = Parser::default();
        for (index, line) in sdp.lines().enumerate() {
            let number = index + 1;
            if number > MAX_LINES {
                return Err(SdpError::Limit { what: "the number of lines", limit: MAX_LINES });
            }
            let line = line.trim_end();
            if number == 1 && line != "v=0" {
                return Err(SdpError::Line { line: 1, problem: "an SDP begins with v=0 (RFC 8866 §5.1)" });
            }
            if line.bytes().any(|b| b.is_ascii_control() && b != b'\t') {
                return Err(SdpError::Line { line: number, problem: "holds a control character" });
            }
            parser.line(line).map_err(|problem| match problem {
                Bad::Line(problem) => SdpError::Line { line: number, problem },
                Bad::Whole(error) => error,
            })?;
        }
        parser.finish()
    }
}

/// What a line can do wrong.
enum Bad {
    Line(&'static str),
    Whole(SdpError),
}

/// Transport attributes, which stand at session or media level.
#[derive(Default)]
struct Transport {
    ufrag: Option<String>,
    pwd: Option<String>,
    fingerprint: Option<[u8; 32]>,
    other_fingerprint: bool,
    setup: Option<String>,
}

#[derive(Default)]
struct Parser {
    session: Transport,
    /// Of the first m-line that is not rejected: with BUNDLE, the one that counts (RFC 9143 §7.3.1).
    first: Transport,
    media: Vec<Media>,
    bundle: Vec<String>,
    session_direction: Direction,
    extmap_allow_mixed: bool,
}

impl Parser {
    fn line(&mut self, line: &str) -> Result<(), Bad> {
        if let Some(value) = line.strip_prefix("m=") {
            return self.media_line(value);
        }
        if let Some(attribute) = line.strip_prefix("a=") {
            let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
            return self.attribute(name, value.trim());
        }
        if !line.is_empty() && line.as_bytes().get(1) != Some(&b'=') {
            return Err(Bad::Line("not of the form x=value (RFC 8866 §5)"));
        }
        Ok(())
    }

    fn media_line(&mut self, value: &str) -> Result<(), Bad> {
        if self.media.len() == MAX_MEDIA {
            return Err(Bad::Whole(SdpError::Limit { what: "the number of m-lines", limit: MAX_MEDIA }));
        }
        let mut parts = value.splitn(4, ' ');
        let (Some(kind), Some(port), Some(protocol), Some(formats)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Bad::Line("an m-line is `m=<media> <port> <proto> <fmt> ...` (RFC 8866 §5.14)"));
        };
        if !kind.bytes().all(|b| b.is_ascii_alphanumeric()) || !protocol.bytes().all(|b| b.is_ascii_graphic())
        {
            return Err(Bad::Line("the media or protocol of an m-line holds characters it may not"));
        }
        let Ok(port) = port.split('/').next().unwrap_or_default().parse::<u16>() else {
            return Err(Bad::Line("the port of an m-line is not a number"));
        };
        let mut media = Media {
            kind: kind.to_owned(),
            protocol: protocol.to_owned(),
            formats: formats.chars().filter(|c| !c.is_control()).collect(),
            port_zero: port == 0,
            direction: self.session_direction,
            ..Media::default()
        };
        if media.media_kind().is_some() {
            for format in formats.split_ascii_whitespace() {
                let Ok(payload_type) = format.parse::<u8>() else {
                    return Err(Bad::Line("a payload type is not a number from 0 to 127"));
                };
                if payload_type > 127 {
                    return Err(Bad::Line("a payload type is not a number from 0 to 127"));
                }
                if media.codecs.len() == MAX_CODECS {
                    return Err(Bad::Whole(SdpError::Limit {
                        what: "the payload types of an m-line",
                        limit: MAX_CODECS,
                    }));
                }
                if media.codecs.iter().all(|c| c.payload_type != payload_type) {
                    media.codecs.push(OfferedCodec { payload_type, ..OfferedCodec::default() });
                }
            }
        }
        self.media.push(media);
        Ok(())
    }

    fn attribute(&mut self, name: &str, value: &str) -> Result<(), Bad> {
        match name {
            "group" => {
                if let Some(mids) = value.strip_prefix("BUNDLE") {
                    self.bundle = mids.split_ascii_whitespace().take(MAX_MEDIA).map(str::to_owned).collect();
                }
            }
            "extmap-allow-mixed" => self.extmap_allow_mixed = true,
            "ice-lite" => {
                return Err(Bad::Whole(SdpError::Unsupported {
                    what: "the peer is ICE-lite, and so are we: neither would check",
                    rule: "RFC 8445 §2.5",
                }));
            }
            "ice-ufrag" => first(&mut self.transport().ufrag, ice_text(value, 4)?),
            "ice-pwd" => first(&mut self.transport().pwd, ice_text(value, 22)?),
            "setup" => first(&mut self.transport().setup, value.to_ascii_lowercase()),
            "fingerprint" => {
                let (algorithm, digest) = value.split_once(' ').unwrap_or((value, ""));
                if algorithm.eq_ignore_ascii_case("sha-256") {
                    let Some(digest) = parse_fingerprint(digest) else {
                        return Err(Bad::Line(
                            "a SHA-256 fingerprint is 32 hex pairs with colons (RFC 8122 §5)",
                        ));
                    };
                    first(&mut self.transport().fingerprint, digest);
                } else {
                    self.transport().other_fingerprint = true;
                }
            }
            _ => {
                if let Some(direction) = Direction::parse(name) {
                    self.set_direction(direction);
                } else if let Some(media) = self.media.last_mut() {
                    media_attribute(media, name, value)?;
                }
            }
        }
        Ok(())
    }

    /// Where a transport attribute of the current line belongs.
    fn transport(&mut self) -> &mut Transport {
        match self.media.len() {
            0 => &mut self.session,
            _ => &mut self.first,
        }
    }

    fn set_direction(&mut self, direction: Direction) {
        match self.media.last_mut() {
            Some(media) => media.direction = direction,
            None => self.session_direction = direction,
        }
    }

    fn finish(mut self) -> Result<Offer, SdpError> {
        if self.media.is_empty() {
            return Err(SdpError::Missing { what: "m-line", rule: "RFC 9725 §4.2" });
        }
        for media in &mut self.media {
            media.rejected = media.port_zero && !media.bundle_only;
        }
        self.check_mids()?;
        let missing = |what, rule| SdpError::Missing { what, rule };
        let (session, first) = (self.session, self.first);
        let ufrag = first.ufrag.or(session.ufrag).ok_or(missing("a=ice-ufrag", "RFC 8839 §5.4"))?;
        let pwd = first.pwd.or(session.pwd).ok_or(missing("a=ice-pwd", "RFC 8839 §5.4"))?;
        let fingerprint_sha256 = match first.fingerprint.or(session.fingerprint) {
            Some(fingerprint) => fingerprint,
            None if first.other_fingerprint || session.other_fingerprint => {
                return Err(SdpError::Unsupported {
                    what: "only a=fingerprint:sha-256 is accepted",
                    rule: "RFC 8122 §5",
                });
            }
            None => return Err(missing("a=fingerprint", "RFC 8827 §6.5")),
        };
        let setup = match first.setup.or(session.setup).as_deref() {
            Some("actpass") | None => RemoteSetup::Actpass,
            Some("active") => RemoteSetup::Active,
            Some(_) => {
                return Err(SdpError::Unsupported {
                    what: "a=setup must be actpass or active: this server is the DTLS server",
                    rule: "RFC 9725 §4.2",
                });
            }
        };
        Ok(Offer {
            remote: RemoteDescription { ufrag, pwd, fingerprint_sha256, setup },
            media: self.media,
            bundle: self.bundle,
            extmap_allow_mixed: self.extmap_allow_mixed,
        })
    }

    /// All m-lines share one transport: several need a BUNDLE group that names them (RFC 9725 §4.2).
    fn check_mids(&self) -> Result<(), SdpError> {
        let live = || self.media.iter().filter(|m| !m.rejected && m.media_kind().is_some());
        for (index, media) in self.media.iter().enumerate() {
            if !media.mid.is_empty() && self.media[..index].iter().any(|other| other.mid == media.mid) {
                return Err(SdpError::Unsupported {
                    what: "two m-lines share one a=mid",
                    rule: "RFC 9143 §8",
                });
            }
        }
        let bundled = |m: &Media| self.bundle.contains(&m.mid);
        if live().count() > 1 && !live().all(bundled) {
            return Err(SdpError::Missing {
                what: "BUNDLE group that names every m-line",
                rule: "RFC 9725 §4.2",
            });
        }
        if live().any(|m| !m.rtcp_mux) {
            return Err(SdpError::Missing { what: "a=rtcp-mux on every m-line", rule: "RFC 9725 §4.2" });
        }
        Ok(())
    }
}

/// The transport of a BUNDLE group is that of its first m-line; those of others are for peers that cannot bundle.
fn first<T>(slot: &mut Option<T>, value: T) {
    slot.get_or_insert(value);
}

fn media_attribute(media: &mut Media, name: &str, value: &str) -> Result<(), Bad> {
    match name {
        "mid" => media.mid = token(value)?,
        "bundle-only" => media.bundle_only = true,
        "rtcp-mux" => media.rtcp_mux = true,
        "rtcp-rsize" => media.rtcp_rsize = true,
        "rtpmap" => {
            if let Some((codec, rest)) = codec_line(media, value) {
                codec.rtpmap = rest;
            }
        }
        "fmtp" => {
            if let Some((codec, rest)) = codec_line(media, value) {
                codec.fmtp = rest;
            }
        }
        "rtcp-fb" => {
            let (payload_type, feedback) = value.split_once(' ').unwrap_or((value, ""));
            let number = payload_type.parse::<u8>().ok();
            for codec in &mut media.codecs {
                // No codec has more than a dozen; further lines are as if they had not been sent.
                if (payload_type == "*" || number == Some(codec.payload_type)) && codec.feedback.len() < 16 {
                    codec.feedback.push(feedback.trim().to_owned());
                }
            }
        }
        "extmap" => {
            let mut parts = value.split_ascii_whitespace();
            let (Some(id), Some(uri)) = (parts.next(), parts.next()) else {
                return Err(Bad::Line("an extmap is `a=extmap:<id> <uri>` (RFC 8285 §8)"));
            };
            let (id, direction) = match id.split_once('/') {
                Some((id, direction)) => (id, Direction::parse(direction)),
                None => (id, None),
            };
            let Ok(id) = id.parse::<u16>() else {
                return Err(Bad::Line("the id of an extmap is not a number"));
            };
            if let Ok(id) = u8::try_from(id)
                && media.extensions.len() < MAX_EXTENSIONS
            {
                media.extensions.push(OfferedExtension { id, direction, uri: uri.to_owned() });
            }
        }
        "rid" => {
            let mut parts = value.split_ascii_whitespace();
            if let (Some(rid), Some("send")) = (parts.next(), parts.next()) {
                if media.rids.len() == MAX_RIDS {
                    return Err(Bad::Whole(SdpError::Limit {
                        what: "the simulcast layers of an m-line",
                        limit: MAX_RIDS,
                    }));
                }
                media.rids.push(token(rid)?);
            }
        }
        "ssrc" => {
            let Ok(ssrc) = value.split_ascii_whitespace().next().unwrap_or_default().parse::<u32>() else {
                return Err(Bad::Line("an ssrc is not a 32-bit number (RFC 5576 §4.1)"));
            };
            if !media.ssrcs.contains(&ssrc) && media.ssrcs.len() < MAX_SSRCS {
                media.ssrcs.push(ssrc);
            }
        }
        "ssrc-group" => {
            let mut parts = value.split_ascii_whitespace();
            if parts.next() == Some("FID")
                && let (Some(Ok(first)), Some(Ok(second))) =
                    (parts.next().map(str::parse), parts.next().map(str::parse))
                && media.fid.len() < MAX_SSRCS
            {
                media.fid.push((first, second));
            }
        }
        _ => {}
    }
    Ok(())
}

/// `<payload type> <rest>` of an rtpmap or fmtp. Payload types the m-line does not list are skipped.
fn codec_line<'a>(media: &'a mut Media, value: &str) -> Option<(&'a mut OfferedCodec, String)> {
    let (payload_type, rest) = value.split_once(' ')?;
    let payload_type: u8 = payload_type.parse().ok()?;
    let codec = media.codecs.iter_mut().find(|c| c.payload_type == payload_type)?;
    Some((codec, rest.trim().to_owned()))
}

/// A mid or rid: it comes back in our answer, so nothing but token characters (RFC 8866 §9).
fn token(value: &str) -> Result<String, Bad> {
    let allowed = |b: u8| b.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]".contains(&b);
    if value.is_empty() || value.len() > MAX_NAME_BYTES || !value.bytes().all(allowed) {
        return Err(Bad::Line("a mid or rid is 1 to 64 token characters (RFC 8866 §9)"));
    }
    Ok(value.to_owned())
}

/// A ufrag or password: ice-char is ALPHA / DIGIT / "+" / "/" (RFC 8839 §5.4). Some peers add `-`, `_` and `=`.
pub(super) fn ice_text_ok(value: &str, min: usize) -> bool {
    (min..=256).contains(&value.len())
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/-_=".contains(&b))
}

fn ice_text(value: &str, min: usize) -> Result<String, Bad> {
    if !ice_text_ok(value, min) {
        return Err(Bad::Line("an ICE ufrag has 4 to 256, a password 22 to 256 ice-chars (RFC 8839 §5.4)"));
    }
    Ok(value.to_owned())
}

/// `AB:CD:…`, any case.
fn parse_fingerprint(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    let mut pairs = text.trim().split(':');
    for byte in &mut digest {
        let pair = pairs.next().filter(|pair| pair.len() == 2)?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    pairs.next().is_none().then_some(digest)
}
