//! The parts of a request's address, refused in our own words where they cannot be read.

use crate::shell::http::refused::Refused;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// The named segments of the path.
#[derive(Debug)]
pub struct Path<T>(pub T);

/// The query.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        read.map(|read| Self(read.0))
            .map_err(|error| Refused::bad_request("the address cannot be read").detail(error.body_text()))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let read = axum::extract::Query::from_request_parts(parts, state).await;
        read.map(|read| Self(read.0)).map_err(|error| {
            Refused::bad_request("what stands behind the `?` of the address cannot be read")
                .detail(error.body_text())
        })
    }
}
