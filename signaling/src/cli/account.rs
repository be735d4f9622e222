//! `tongtang account`: the way in for people whose administrator is at the server, and for the first of them.

use super::CliError;
use super::api::Api;
use clap::Subcommand;
use reqwest::Method;
use serde_json::Value;
use tongtang_protocol::account::{AccountView, Invitation};

#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// Print a fresh link by which an account's person sets a password
    ///
    /// It works once, for seven days, and ends the link before it. Nobody has a password before they set one.
    Invite {
        /// The account's login
        login: String,
    },
}

/// Does it; the answer in words.
pub(super) async fn run(api: &Api, command: AccountCommand) -> Result<String, CliError> {
    let AccountCommand::Invite { login } = command;
    let login = login.trim().to_lowercase();
    let account = find(api, &login).await?.ok_or_else(|| {
        CliError::Said(format!("no account has the login {login:?}: make one on the page “accounts”"))
    })?;
    let path = format!("/api/accounts/{}/invitations", account.id);
    let made: Invitation = read(api.call(Method::POST, &path, None).await?)?;
    Ok(made.url)
}

async fn find(api: &Api, login: &str) -> Result<Option<AccountView>, CliError> {
    let mut after: Option<String> = None;
    loop {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("search", login);
        if let Some(after) = &after {
            query.append_pair("after", after);
        }
        let path = format!("/api/accounts?{}", query.finish());
        let page: Vec<AccountView> = read(api.call(Method::GET, &path, None).await?)?;
        let Some(last) = page.last() else { return Ok(None) };
        after = Some(last.id.to_string());
        if let Some(found) = page.into_iter().find(|account| account.login == login) {
            return Ok(Some(found));
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, CliError> {
    serde_json::from_value(value)
        .map_err(|error| CliError::Said(format!("the server is of another version: {error}")))
}
