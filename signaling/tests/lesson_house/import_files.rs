//! Files to import, and asking for it.

use crate::house::House;
use reqwest::{Method, RequestBuilder, StatusCode};
use rust_xlsxwriter::Workbook;
use serde_json::Value;
use std::io::{Cursor, Write};

/// A sheet: its name, and rows of texts.
pub type Page<'p> = (&'p str, &'p [&'p [&'p str]]);

/// A workbook of these sheets; every cell is a text.
pub fn workbook(pages: &[Page<'_>]) -> Vec<u8> {
    let mut book = Workbook::new();
    for (name, rows) in pages {
        let sheet = book.add_worksheet().set_name(*name).unwrap();
        for (row, cells) in (0..).zip(*rows) {
            for (column, text) in (0..).zip(*cells).filter(|(_, text)| !text.is_empty()) {
                sheet.write_string(row, column, *text).unwrap();
            }
        }
    }
    book.save_to_buffer().unwrap()
}

/// A zip of these files.
pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub fn request(house: &House, org: &str, name: &str, file: Vec<u8>, is_dry_run: bool) -> RequestBuilder {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("dry_run", if is_dry_run { "true" } else { "false" }).append_pair("name", name);
    house.as_admin(Method::POST, &format!("/api/orgs/{org}/imports?{}", query.finish())).body(file)
}

/// The report of a file that is looked at or imported.
pub async fn import(house: &House, org: &str, name: &str, file: Vec<u8>, is_dry_run: bool) -> Value {
    crate::house::expect(request(house, org, name, file, is_dry_run), StatusCode::OK).await
}

/// `table added/changed/same`, table by table.
pub fn counts(report: &Value) -> Vec<String> {
    let of = |count: &Value| {
        format!(
            "{} {}/{}/{}",
            count["table"].as_str().unwrap(),
            count["added"],
            count["changed"],
            count["same"]
        )
    };
    report["counts"].as_array().unwrap().iter().map(of).collect()
}

/// `sheet row column: words`, error by error.
pub fn errors(report: &Value) -> Vec<String> {
    let of = |error: &Value| {
        let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}: {}", text("sheet"), error["row"], text("column"), text("words"))
    };
    report["errors"].as_array().unwrap().iter().map(of).collect()
}

/// A workbook's bytes of an address.
pub async fn download(house: &House, path: &str) -> Vec<u8> {
    let answer = house.as_admin(Method::GET, path).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    assert!(answer.headers()["content-type"].to_str().unwrap().contains("spreadsheetml"), "{path}");
    answer.bytes().await.unwrap().to_vec()
}
