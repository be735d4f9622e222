//! What an ID token (OpenID Connect Core 1.0 §3.1.3.7) and a logout token (Back-Channel Logout 1.0 §2.6) must say.
//! Pure: told the time and the provider's keys.

use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Map, Value};
use tongtang_protocol::units::UnixMillis;

/// The algorithms that are taken: never a shared secret, never none.
const ALGORITHMS: [Algorithm; 5] =
    [Algorithm::ES256, Algorithm::ES384, Algorithm::RS256, Algorithm::RS384, Algorithm::RS512];

/// How far the provider's clock may be off, in seconds.
const LEEWAY_S: i64 = 60;

/// A logout token older than this is not taken, in seconds.
pub const MAX_LOGOUT_AGE_S: i64 = 300;

/// The event of a logout token.
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Longest token that is looked at, in bytes.
const MAX_TOKEN_BYTES: usize = 64 * 1024;

/// Why a token is not taken.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Not signed by the provider, with one of its keys and [`ALGORITHMS`]; or not a token.
    #[error("the token's signature or form: {0}")]
    Form(String),
    /// A claim is missing or not what it must be.
    #[error("the token's claim {0} is not what it must be")]
    Claim(&'static str),
    /// It came before.
    #[error("the token was used before")]
    Replayed,
}

/// Whose tokens are taken, and for whom.
pub struct Expected {
    /// `iss`
    pub issuer: String,
    /// In `aud`.
    pub client_id: String,
}

/// What an ID token says.
#[derive(Debug, Clone, Deserialize)]
pub struct IdClaims {
    /// The provider.
    pub iss: String,
    /// The person.
    pub sub: String,
    /// The session at the provider.
    #[serde(default)]
    pub sid: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// What a logout token says; one of `sub` and `sid` is there.
#[derive(Debug, Clone, Deserialize)]
pub struct LogoutClaims {
    /// The provider.
    pub iss: String,
    /// Names the token.
    pub jti: String,
    /// The person.
    #[serde(default)]
    pub sub: Option<String>,
    /// The session at the provider.
    #[serde(default)]
    pub sid: Option<String>,
}

/// Checks an ID token.
pub fn id_token(
    jwt: &str,
    keys: &JwkSet,
    expected: &Expected,
    nonce: &str,
    now: UnixMillis,
) -> Result<IdClaims, TokenError> {
    let claims = signed(jwt, keys)?;
    for_us(&claims, expected, now)?;
    let expires = number(&claims, "exp").ok_or(TokenError::Claim("exp"))?;
    if expires + LEEWAY_S <= now.0 / 1000 {
        return Err(TokenError::Claim("exp"));
    }
    let said = claims.get("nonce").and_then(Value::as_str).unwrap_or_default();
    if !super::super::equal(said, nonce) {
        return Err(TokenError::Claim("nonce"));
    }
    // §3.1.3.7, 4 and 5: more than one audience names the party it was issued to.
    let several = claims.get("aud").and_then(Value::as_array).is_some_and(|list| list.len() > 1);
    match claims.get("azp").map(Value::as_str) {
        Some(azp) if azp != Some(&expected.client_id) => return Err(TokenError::Claim("azp")),
        None if several => return Err(TokenError::Claim("azp")),
        _ => {}
    }
    read(claims, "sub")
}

/// Checks a logout token. Whether it comes for the first time is its receiver's to know.
pub fn logout_token(
    jwt: &str,
    keys: &JwkSet,
    expected: &Expected,
    now: UnixMillis,
) -> Result<LogoutClaims, TokenError> {
    let claims = signed(jwt, keys)?;
    for_us(&claims, expected, now)?;
    let issued = number(&claims, "iat").ok_or(TokenError::Claim("iat"))?;
    if issued + MAX_LOGOUT_AGE_S < now.0 / 1000 {
        return Err(TokenError::Claim("iat"));
    }
    if number(&claims, "exp").is_some_and(|expires| expires + LEEWAY_S <= now.0 / 1000) {
        return Err(TokenError::Claim("exp"));
    }
    let event = claims.get("events").and_then(Value::as_object).and_then(|events| events.get(LOGOUT_EVENT));
    if !event.is_some_and(Value::is_object) {
        return Err(TokenError::Claim("events"));
    }
    // §2.4: an ID token is none.
    if claims.contains_key("nonce") {
        return Err(TokenError::Claim("nonce"));
    }
    let claims: LogoutClaims = read(claims, "jti")?;
    let is_bounded = |text: &String| !text.is_empty() && text.len() <= 256;
    if !is_bounded(&claims.jti) {
        return Err(TokenError::Claim("jti"));
    }
    if claims.sub.is_none() && claims.sid.is_none() {
        return Err(TokenError::Claim("sub"));
    }
    Ok(claims)
}

/// Is the key that a token names among these?
pub fn has_key(jwt: &str, keys: &JwkSet) -> bool {
    jsonwebtoken::decode_header(jwt)
        .is_ok_and(|header| candidates(header.kid.as_deref(), header.alg, keys).next().is_some())
}

fn candidates<'a>(kid: Option<&'a str>, alg: Algorithm, keys: &'a JwkSet) -> impl Iterator<Item = &'a Jwk> {
    keys.keys.iter().filter(move |key| {
        let common = &key.common;
        let is_named = kid.is_none() || common.key_id.as_deref() == kid;
        let signs = !matches!(common.public_key_use, Some(PublicKeyUse::Encryption));
        is_named && signs && common.key_algorithm.is_none_or(|known| fits(known, alg))
    })
}

fn fits(known: KeyAlgorithm, alg: Algorithm) -> bool {
    known.to_string().parse() == Ok(alg)
}

/// The claims of a token that the provider signed.
fn signed(jwt: &str, keys: &JwkSet) -> Result<Map<String, Value>, TokenError> {
    let form = |error: jsonwebtoken::errors::Error| TokenError::Form(error.to_string());
    if jwt.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::Form("too long".to_owned()));
    }
    let header = jsonwebtoken::decode_header(jwt).map_err(form)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(TokenError::Form(format!("{:?}", header.alg)));
    }
    // The claims are checked here, with the time that is told.
    let mut validation = Validation::new(header.alg);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let mut last = TokenError::Form("its key is not among the provider's".to_owned());
    for key in candidates(header.kid.as_deref(), header.alg, keys) {
        let decoded = DecodingKey::from_jwk(key).and_then(|key| jsonwebtoken::decode(jwt, &key, &validation));
        match decoded {
            Ok(token) => return Ok(token.claims),
            Err(error) => last = form(error),
        }
    }
    Err(last)
}

fn for_us(claims: &Map<String, Value>, expected: &Expected, now: UnixMillis) -> Result<(), TokenError> {
    if claims.get("iss").and_then(Value::as_str) != Some(&expected.issuer) {
        return Err(TokenError::Claim("iss"));
    }
    let is_ours = |value: &Value| value.as_str() == Some(&expected.client_id);
    let audience = match claims.get("aud") {
        Some(Value::Array(list)) => list.iter().any(is_ours),
        Some(one) => is_ours(one),
        None => false,
    };
    if !audience {
        return Err(TokenError::Claim("aud"));
    }
    if number(claims, "iat").is_some_and(|issued| issued > now.0 / 1000 + LEEWAY_S) {
        return Err(TokenError::Claim("iat"));
    }
    Ok(())
}

fn number(claims: &Map<String, Value>, name: &str) -> Option<i64> {
    claims.get(name).and_then(|value| value.as_i64().or_else(|| value.as_f64().map(|float| float as i64)))
}

fn read<T: serde::de::DeserializeOwned>(
    claims: Map<String, Value>,
    name: &'static str,
) -> Result<T, TokenError> {
    serde_json::from_value(Value::Object(claims)).map_err(|_| TokenError::Claim(name))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::json;

    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

    struct Signer {
        key: EncodingKey,
        keys: JwkSet,
    }

    impl Signer {
        fn new() -> Self {
            let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
            let key = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
            let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
            jwk.common.key_id = Some("k1".to_owned());
            Self { key, keys: JwkSet { keys: vec![jwk] } }
        }

        fn sign(&self, claims: &Value) -> String {
            let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::ES256) };
            jsonwebtoken::encode(&header, claims, &self.key).unwrap()
        }
    }

    fn expected() -> Expected {
        Expected { issuer: "https://sso".into(), client_id: "tongtang".into() }
    }

    fn with(base: &Value, changes: &Value) -> Value {
        let mut claims = base.clone();
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    #[test]
    fn an_id_token_is_taken_if_all_of_it_is_right() {
        let signer = Signer::new();
        let right = json!({"iss": "https://sso", "aud": "tongtang", "sub": "li", "nonce": "n", "sid": "s1",
            "iat": 1_799_999_990, "exp": 1_800_000_300, "groups": ["a"]});
        let check = |claims: &Value| id_token(&signer.sign(claims), &signer.keys, &expected(), "n", NOW);
        let claims = check(&right).unwrap();
        assert_eq!((claims.sub.as_str(), claims.sid.as_deref()), ("li", Some("s1")));
        assert_eq!(claims.rest["groups"], json!(["a"]));
        assert!(check(&with(&right, &json!({"aud": ["tongtang", "x"], "azp": "tongtang"}))).is_ok());
        for wrong in [
            json!({"iss": "https://other"}),
            json!({"aud": "other"}),
            json!({"aud": ["tongtang", "other"]}),
            json!({"azp": "other"}),
            json!({"nonce": "m"}),
            json!({"nonce": null}),
            json!({"exp": 1_799_999_000}),
            json!({"exp": null}),
            json!({"iat": 1_800_000_900}),
            json!({"sub": null}),
        ] {
            assert!(check(&with(&right, &wrong)).is_err(), "{wrong}");
        }
        let stranger = Signer::new();
        assert!(id_token(&stranger.sign(&right), &signer.keys, &expected(), "n", NOW).is_err());
        // A shared secret, signed with what everybody knows of the key; and none at all.
        let public = serde_json::to_vec(&signer.keys).unwrap();
        let shared =
            jsonwebtoken::encode(&Header::new(Algorithm::HS256), &right, &EncodingKey::from_secret(&public));
        assert!(id_token(&shared.unwrap(), &signer.keys, &expected(), "n", NOW).is_err());
        let body = signer.sign(&right).split('.').nth(1).unwrap().to_owned();
        let none = format!("eyJhbGciOiJub25lIn0.{body}.");
        assert!(id_token(&none, &signer.keys, &expected(), "n", NOW).is_err());
    }

    #[test]
    fn a_logout_token_is_taken_if_all_of_it_is_right() {
        let signer = Signer::new();
        let right = json!({"iss": "https://sso", "aud": ["tongtang"], "iat": 1_799_999_990, "jti": "j1",
            "sid": "s1", "events": {LOGOUT_EVENT: {}}});
        let check = |claims: &Value| logout_token(&signer.sign(claims), &signer.keys, &expected(), NOW);
        assert_eq!(check(&right).unwrap().sid.as_deref(), Some("s1"));
        assert!(check(&with(&right, &json!({"sid": null, "sub": "li"}))).is_ok());
        for wrong in [
            json!({"iss": "https://other"}),
            json!({"aud": "other"}),
            json!({"iat": 1_799_999_000}),
            json!({"iat": null}),
            json!({"jti": null}),
            json!({"jti": "x".repeat(300)}),
            json!({"events": {}}),
            json!({"events": {LOGOUT_EVENT: 1}}),
            json!({"nonce": "n"}),
            json!({"sid": null}),
            json!({"exp": 1_799_999_000}),
        ] {
            assert!(check(&with(&right, &wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nonsense_is_no_token() {
        let signer = Signer::new();
        for text in ["", "a.b.c", "…", &"x".repeat(MAX_TOKEN_BYTES + 1)] {
            assert!(signed(text, &signer.keys).is_err() && !has_key(text, &signer.keys));
        }
    }
}
