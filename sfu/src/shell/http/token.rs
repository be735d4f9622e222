//! Room tokens: a JWT (RFC 7519) signed with EdDSA (RFC 8037), verified with the key that signaling
//! named when this node registered.

use crate::shell::http::refused::Refused;
use axum::http::HeaderMap;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use std::sync::{Arc, RwLock};
use tongtang_http::bearer::bearer;
use tongtang_protocol::ids::RoomId;
use tongtang_protocol::token::{AUDIENCE, MAX_TOKEN_LIFE_S, RoomClaims};

/// Longest token read, in bytes; ours have about 500.
const MAX_TOKEN_BYTES: usize = 4096;

/// Seconds the clocks of two machines may differ.
const CLOCK_SKEW_S: u64 = 30;

/// The key, once signaling has named it.
#[derive(Default)]
pub struct TokenKey {
    key: RwLock<Option<Arc<DecodingKey>>>,
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey")
    }
}

/// Does a token's age matter?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// It must not have expired.
    Fresh,
    /// It may have expired: the session it opened goes on.
    Any,
}

impl TokenKey {
    /// Takes the key of a registration.
    pub fn set(&self, public_key_pem: &str) -> Result<(), jsonwebtoken::errors::Error> {
        let key = DecodingKey::from_ed_pem(public_key_pem.as_bytes())?;
        if let Ok(mut current) = self.key.write() {
            *current = Some(Arc::new(key));
        }
        Ok(())
    }

    /// Has signaling named it?
    pub fn is_known(&self) -> bool {
        self.key.read().is_ok_and(|key| key.is_some())
    }

    /// Verifies the bearer token of a request about `room`.
    pub fn verify(
        &self,
        headers: &HeaderMap,
        room: &RoomId,
        age: Age,
        now_s: u64,
    ) -> Result<RoomClaims, Refused> {
        let token = bearer(headers).ok_or_else(|| {
            Refused::unauthorized("a room token is needed")
                .detail("Send it as `Authorization: Bearer <token>`.")
        })?;
        let key = self.key.read().ok().and_then(|key| key.clone()).ok_or_else(|| {
            Refused::unavailable(
                "not_registered",
                "this node has not reached signaling yet and cannot check tokens",
            )
        })?;
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Refused::unauthorized("the token is too long"));
        }
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "aud", "sub"]);
        // Expiry is checked below against the time the caller was given.
        rules.validate_exp = false;
        let claims = decode::<RoomClaims>(token, &key, &rules)
            .map_err(|error| Refused::unauthorized(format!("the token is not valid: {}", plain(&error))))?
            .claims;
        if claims.exp.saturating_sub(claims.iat) > MAX_TOKEN_LIFE_S {
            return Err(Refused::unauthorized(format!("the token lives longer than {MAX_TOKEN_LIFE_S} s")));
        }
        if age == Age::Fresh && now_s > claims.exp.saturating_add(CLOCK_SKEW_S) {
            return Err(
                Refused::unauthorized("the token has expired").detail("Ask for a fresh one and try again.")
            );
        }
        if claims.iat > now_s.saturating_add(CLOCK_SKEW_S) {
            return Err(Refused::unauthorized("the token is from the future: compare the machines' clocks"));
        }
        if claims.room != *room {
            return Err(Refused::forbidden("the token is for another room"));
        }
        Ok(claims)
    }
}

/// What is wrong, without a piece of the token.
fn plain(error: &jsonwebtoken::errors::Error) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidSignature => "its signature does not fit",
        ErrorKind::InvalidAudience => "it is meant for another service",
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => "it is not signed with EdDSA",
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::Json(_) => "a claim is missing or malformed",
        _ => "it cannot be read",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header;
    use jsonwebtoken::{EncodingKey, Header, encode};
    use rcgen::{KeyPair, PKCS_ED25519};
    use tongtang_protocol::ids::ParticipantId;
    use tongtang_protocol::lesson::{Role, Source};

    const NOW_S: u64 = 1_795_000_000;

    fn claims() -> RoomClaims {
        RoomClaims {
            aud: AUDIENCE.into(),
            sub: ParticipantId::new("p1").unwrap(),
            room: RoomId::new("r1").unwrap(),
            role: Role::Classroom,
            publish: vec![Source::Camera],
            subscribe: true,
            iat: NOW_S,
            exp: NOW_S + 600,
        }
    }

    fn pair() -> (TokenKey, EncodingKey) {
        let pair = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let key = TokenKey::default();
        key.set(&pair.public_key_pem()).unwrap();
        (key, EncodingKey::from_ed_pem(pair.serialize_pem().as_bytes()).unwrap())
    }

    fn with(token: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        headers
    }

    fn signed(claims: &RoomClaims, key: &EncodingKey) -> HeaderMap {
        with(&encode(&Header::new(Algorithm::EdDSA), claims, key).unwrap())
    }

    fn status(refused: Refused) -> u16 {
        use axum::response::IntoResponse;
        refused.into_response().status().as_u16()
    }

    #[test]
    fn a_good_token_is_read_back() {
        let (key, sign) = pair();
        let room = RoomId::new("r1").unwrap();
        assert_eq!(key.verify(&signed(&claims(), &sign), &room, Age::Fresh, NOW_S).unwrap(), claims());
    }

    #[test]
    fn an_expired_token_opens_nothing_but_may_still_end_what_it_opened() {
        let (key, sign) = pair();
        let (room, headers) = (RoomId::new("r1").unwrap(), signed(&claims(), &sign));
        assert_eq!(status(key.verify(&headers, &room, Age::Fresh, NOW_S + 700).unwrap_err()), 401);
        assert!(key.verify(&headers, &room, Age::Any, NOW_S + 700).is_ok());
    }

    #[test]
    fn bad_tokens_are_refused() {
        let (key, sign) = pair();
        let (_, other) = pair();
        let room = RoomId::new("r1").unwrap();
        let check = |headers: &HeaderMap| status(key.verify(headers, &room, Age::Fresh, NOW_S).unwrap_err());
        assert_eq!(check(&HeaderMap::new()), 401);
        for junk in ["", "x", "a.b.c", "....", &"a".repeat(5000)] {
            assert_eq!(check(&with(junk)), 401, "{junk:.10}");
        }
        assert_eq!(check(&signed(&claims(), &other)), 401, "another signer");
        assert_eq!(check(&signed(&RoomClaims { aud: "x".into(), ..claims() }, &sign)), 401);
        assert_eq!(
            check(&signed(&RoomClaims { exp: NOW_S + 601, ..claims() }, &sign)),
            401,
            "too long a life"
        );
        assert_eq!(
            check(&signed(&RoomClaims { iat: NOW_S + 100, ..claims() }, &sign)),
            401,
            "from the future"
        );
        assert_eq!(check(&signed(&RoomClaims { room: RoomId::new("r2").unwrap(), ..claims() }, &sign)), 403);
        let hmac =
            encode(&Header::new(Algorithm::HS256), &claims(), &EncodingKey::from_secret(b"k")).unwrap();
        assert_eq!(check(&with(&hmac)), 401, "another algorithm");
    }

    #[test]
    fn without_a_key_the_client_is_told_to_come_back() {
        let (_, sign) = pair();
        let room = RoomId::new("r1").unwrap();
        let refused =
            TokenKey::default().verify(&signed(&claims(), &sign), &room, Age::Fresh, NOW_S).unwrap_err();
        assert_eq!(status(refused), 503);
    }
}
