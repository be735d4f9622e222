//! What the API's document says of who gets in: by token or by cookie, and which routes ask for
//! neither. So `/api/docs` has a place to enter a token, and generated clients know what to send.

use tongtang_protocol::problem::Problem;
use utoipa::ToSchema;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, ResponseBuilder, SecurityRequirement};

/// A token of the command line, a teacher link's or a screen's secret.
const BEARER: &str = "bearer";

/// Of a signed-in browser.
const COOKIE: &str = "cookie";

/// Operations that ask for nothing; what is sent decides.
const OPEN: [&str; 15] = [
    "session_set_up",
    "session_show",
    "session_sign_out",
    "session_sign_in_teacher",
    "sign_in_ways",
    "sign_in_password",
    "sign_in_set_password",
    "oidc_start",
    "oidc_callback",
    "oidc_back_channel_logout",
    "device_pair",
    "device_ask",
    "library_media",
    "lesson_socket",
    "timetable_calendar",
];

/// Describes the ways in, and for each operation whether it needs one.
pub fn describe(mut document: OpenApi) -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "The administrator's token (data_dir/secrets/admin-api-token), or the secret of a teacher's link.",
        ))
        .build();
    let cookie = ApiKeyValue::with_description(
        "__Host-tongtang",
        "Set by signing in over HTTPS; `tongtang` over plain HTTP. Writes count only from pages of this server.",
    );
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    components.add_security_scheme(COOKIE, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        operations.into_iter().flatten().for_each(secure);
    }
    document
}

fn secure(operation: &mut Operation) {
    let is_open = operation.operation_id.as_deref().is_some_and(|id| OPEN.contains(&id));
    if is_open {
        operation.security = Some(vec![SecurityRequirement::default()]);
        return;
    }
    let way = |name: &str| SecurityRequirement::new(name, Vec::<String>::new());
    operation.security = Some(vec![way(BEARER), way(COOKIE)]);
    for (status, words) in [("401", "Not signed in"), ("403", "Not the caller's")] {
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| {
            let problem = Content::new(Some(Ref::from_schema_name(Problem::name())));
            ResponseBuilder::new().description(words).content("application/json", problem).build().into()
        });
    }
}
