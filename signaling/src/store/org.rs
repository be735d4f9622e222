//! The organisation tree.

use super::{Store, StoreError};
use tongtang_protocol::ids::OrgId;

impl Store {
    /// A place's path: `/`, the ids from the root down to its own, each followed by `/`.
    pub async fn org_path(&self, id: &OrgId) -> Result<Option<String>, StoreError> {
        Ok(sqlx::query_scalar("SELECT path FROM org WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?)
    }
}
