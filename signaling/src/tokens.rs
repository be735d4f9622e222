//! Room tokens and the grants that carry them: what a page needs to publish and subscribe.

use crate::lesson::goal::room_of;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use tongtang_protocol::ids::{LessonId, ParticipantId};
use tongtang_protocol::lesson::{MAX_CLASSROOMS, Role, Source};
use tongtang_protocol::message::MediaGrant;
use tongtang_protocol::token::{AUDIENCE, MAX_TOKEN_LIFE_S, RoomClaims};
use tongtang_protocol::units::UnixMillis;

/// Voices a subscriber hears at once.
const AUDIO_SLOTS: usize = 3;

/// Signs room tokens (EdDSA, RFC 8037).
#[derive(Clone)]
pub struct TokenSigner {
    key: EncodingKey,
}

/// Why tokens cannot be signed.
#[derive(Debug, thiserror::Error)]
#[error("the token signing key is damaged")]
pub struct BadTokenKey;

impl TokenSigner {
    /// From a PKCS#8 PEM private key.
    pub fn new(private_key_pem: &str) -> Result<Self, BadTokenKey> {
        let mut pem = private_key_pem.as_bytes();
        let key = rustls_pemfile::private_key(&mut pem).map_err(|_| BadTokenKey)?.ok_or(BadTokenKey)?;
        let signer = Self { key: EncodingKey::from_ed_der(key.secret_der()) };
        // Says now, at start, what would otherwise be said in the first lesson.
        signer.sign(&serde_json::json!({})).ok_or(BadTokenKey)?;
        Ok(signer)
    }

    /// A fresh grant for one participant; `epoch` is that of the sfu that has the room.
    pub fn grant(
        &self,
        lesson: &LessonId,
        participant: &ParticipantId,
        role: Role,
        epoch: u64,
        now: UnixMillis,
    ) -> MediaGrant {
        let room = room_of(lesson);
        let publish = published_by(role);
        let iat = u64::try_from(now.0 / 1000).unwrap_or(0);
        let exp = iat + MAX_TOKEN_LIFE_S;
        let claims = RoomClaims {
            aud: AUDIENCE.to_owned(),
            sub: participant.clone(),
            room: room.clone(),
            role,
            publish: publish.clone(),
            subscribe: true,
            iat,
            exp,
        };
        let slots = slots_of(role);
        MediaGrant {
            whip_url: (!publish.is_empty()).then(|| format!("/whip/{room}")),
            whep_url: format!("/whep/{room}?slots={}", slots.join(",")),
            slots,
            token: self.sign(&claims).expect("the key signed when it was read"),
            expires_at: UnixMillis(i64::try_from(exp * 1000).unwrap_or(i64::MAX)),
            epoch,
        }
    }

    fn sign(&self, claims: &impl serde::Serialize) -> Option<String> {
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), claims, &self.key).ok()
    }
}

fn published_by(role: Role) -> Vec<Source> {
    match role {
        Role::Teacher => vec![Source::Microphone, Source::Camera, Source::Board],
        Role::Classroom => vec![Source::Microphone, Source::Camera],
        Role::Assistant | Role::Observer => Vec::new(),
    }
}

/// The m-lines of a page, video first. The teacher's wall has a place for every classroom that may
/// ever come, because a page negotiates once.
fn slots_of(role: Role) -> Vec<String> {
    let mut slots: Vec<String> = match role {
        Role::Teacher => {
            std::iter::once("stage".into()).chain((0..MAX_CLASSROOMS).map(|n| format!("wall{n}"))).collect()
        }
        Role::Classroom | Role::Assistant | Role::Observer => {
            vec!["teacher".into(), "board".into(), "stage".into()]
        }
    };
    slots.extend((0..AUDIO_SLOTS).map(|n| format!("audio{n}")));
    slots
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use jsonwebtoken::{DecodingKey, Validation};

    fn pair() -> (String, Vec<u8>) {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let public = rcgen::PublicKeyData::der_bytes(&pair).to_vec();
        (pair.serialize_pem(), public)
    }

    #[test]
    fn a_token_verifies_lives_ten_minutes_and_grants_only_its_room() {
        let (private, public) = pair();
        let signer = TokenSigner::new(&private).unwrap();
        let now = crate::clock::now();
        let lesson = LessonId::new("les-1").unwrap();
        let who = ParticipantId::new("par-1").unwrap();
        let grant = signer.grant(&lesson, &who, Role::Observer, 7, now);
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        let claims =
            jsonwebtoken::decode::<RoomClaims>(&grant.token, &DecodingKey::from_ed_der(&public), &validation)
                .unwrap()
                .claims;
        assert_eq!(claims.exp - claims.iat, MAX_TOKEN_LIFE_S);
        assert_eq!((claims.room.as_str(), claims.sub), ("les-1", who));
        assert!(claims.publish.is_empty() && grant.whip_url.is_none());
        assert_eq!(grant.whep_url, "/whep/les-1?slots=teacher,board,stage,audio0,audio1,audio2");
    }

    #[test]
    fn the_teacher_has_a_place_for_every_classroom() {
        let slots = slots_of(Role::Teacher);
        assert_eq!(slots.len(), 1 + MAX_CLASSROOMS + AUDIO_SLOTS);
        assert_eq!((slots[0].as_str(), slots[16].as_str()), ("stage", "wall15"));
    }

    #[test]
    fn a_damaged_key_is_noticed_at_start() {
        assert!(TokenSigner::new("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").is_err());
    }
}
