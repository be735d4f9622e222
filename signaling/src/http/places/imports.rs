//! A county by spreadsheet: looked at first, then all of it or nothing; and out again.

use crate::app::App;
use crate::auth::Caller;
use crate::auth::policy::{Act, Scope, need_at};
use crate::clock;
use crate::import::child::ReadError;
use crate::import::rows;
use crate::import::sheet::{MAX_CELLS, MAX_FILE_BYTES, MAX_INFLATED_BYTES, Refused};
use crate::import::template;
use crate::import::workbook::{self, County, Lessons};
use crate::places::PlaceRefusal;
use crate::problem::{ApiError, Language};
use crate::store::import::Wanted;
use crate::store::timetable::Whose;
use crate::timetable::desk::{self, By};
use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongtang_protocol::calendar::TermView;
use tongtang_protocol::day::Day;
use tongtang_protocol::ids::{OrgId, TermId};
use tongtang_protocol::places::{ImportQuery, ImportReport};
use tongtang_protocol::problem::Problem;

/// Media type of a workbook (ECMA-376).
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Longest name of a file that is looked at, in characters.
const MAX_FILE_NAME_CHARS: usize = 200;

/// Lessons of a workbook at most: so many rows are imported again in one file.
const MAX_LESSONS: u32 = 15_000;

/// Imports a file: xlsx, CSV, or a zip of OneRoster's CSVs. All rows lie at this place or below; all are taken or none. A dry
/// run says what would happen. Terms and lessons need the right to schedule, everything else the right to change places.
#[utoipa::path(
    post, path = "/api/orgs/{id}/imports", operation_id = "org_import", tag = "org",
    params(("id" = OrgId, Path), ImportQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, body = ImportReport), (status = 404, body = Problem), (status = 422, body = Problem),
        (status = 503, body = Problem),
    )
)]
pub async fn import(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<OrgId>,
    Query(query): Query<ImportQuery>,
    body: Body,
) -> Result<Json<ImportReport>, ApiError> {
    // Whoever changes places schedules too; which of the two is needed, the file says.
    let path = need_at(&app, &caller, Act::Schedule, &id).await?;
    let org = app.store().org(&id).await?.ok_or(ApiError::NotFound)?;
    let _turn = app.importer().turn().await.ok_or_else(|| ApiError::limit("imports"))?;
    let file = to_bytes(body, MAX_FILE_BYTES).await.map_err(|_| not_imported(&TOO_LARGE))?;
    let name: String = query.name.unwrap_or_default().chars().take(MAX_FILE_NAME_CHARS).collect();
    let sheets = app.importer().read(&name, &file).await.map_err(|error| unread(&error))?;
    drop(file);
    let said = rows::said(&sheets);
    if said.has_places() {
        need_at(&app, &caller, Act::ChangePlaces, &id).await?;
    }
    let wanted = Wanted {
        said: &said,
        org: &org,
        path: &path,
        seen: &caller.may(Act::ReadCounty)?,
        is_dry_run: query.dry_run.unwrap_or(true),
        language: Language::of(&headers),
        by: &By::caller(&caller),
        now: clock::now(),
    };
    let imported = app.store().import(&wanted).await?;
    if imported.report.done {
        tracing::info!(org = %id, sheets = sheets.len(), "a file is imported");
    }
    for (term, lessons) in imported.made() {
        desk::announce(&app, term, &lessons.iter().collect::<Vec<_>>()).await?;
    }
    Ok(Json(imported.report))
}

/// Places and people as a workbook that can be imported again.
#[utoipa::path(
    get, path = "/api/orgs/{id}/exports/places.xlsx", operation_id = "org_export_places", tag = "org",
    params(("id" = OrgId, Path)),
    responses(
        (status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = 404, body = Problem), (status = 422, body = Problem),
    )
)]
pub async fn export_places(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<OrgId>,
) -> Result<Response, ApiError> {
    let path = need_at(&app, &caller, Act::ReadCounty, &id).await?;
    let (store, scope) = (app.store(), Scope::below(vec![path]));
    let orgs = store.orgs(&scope, None).await?;
    let mut terms = store.terms(&scope).await?;
    terms.retain(|term| orgs.iter().any(|org| org.id == term.org_id));
    let county = County {
        bells: store.bell_schedules(&scope).await?,
        terms,
        curriculum: store.curricula(&scope).await?,
        rooms: store.classrooms(&scope).await?,
        classes: store.classes(&scope).await?,
        teachers: store.teachers(&scope).await?,
        orgs,
    };
    answer("places.xlsx", workbook::places(&county, at(&headers)))
}

/// Which term.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TimetableQuery {
    /// Absent: the term of today, else the next, else the last.
    #[serde(default)]
    term_id: Option<TermId>,
}

/// The lessons of a term that this place and those below it give or receive, as a workbook that can be imported again.
#[utoipa::path(
    get, path = "/api/orgs/{id}/exports/timetable.xlsx", operation_id = "org_export_timetable", tag = "org",
    params(("id" = OrgId, Path), TimetableQuery),
    responses(
        (status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = 404, body = Problem), (status = 422, body = Problem),
    )
)]
pub async fn export_timetable(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<OrgId>,
    Query(query): Query<TimetableQuery>,
) -> Result<Response, ApiError> {
    let path = need_at(&app, &caller, Act::ReadCounty, &id).await?;
    let terms = app.store().terms(&Scope::below(vec![path])).await?;
    let term = match query.term_id {
        Some(wanted) => Some(terms.into_iter().find(|term| term.id == wanted).ok_or(ApiError::NotFound)?),
        None => term_of(terms, Day::of(clock::now())),
    };
    let Some(term) = term else {
        return answer("timetable.xlsx", workbook::timetable(&Lessons::default(), at(&headers)));
    };
    let (from, days) = (term.first_day, i64::from(term.weeks) * 7);
    let (from, to) = (from.at_minute(0), from.plus(days).at_minute(0));
    let lessons =
        app.store().lessons_between(Some(&term.id), &Whose::Org(id), from, to, MAX_LESSONS + 1).await?;
    if lessons.len() > MAX_LESSONS as usize {
        return Err(PlaceRefusal::TooLong { max: i64::from(MAX_LESSONS) }.into());
    }
    let codes = app.store().codes_of(&lessons).await?;
    answer("timetable.xlsx", workbook::timetable(&Lessons { lessons, codes, term: term.name }, at(&headers)))
}

/// An empty workbook to fill in, with what each column means and an example of each row.
#[utoipa::path(
    get, path = "/api/orgs/{id}/exports/template.xlsx", operation_id = "org_export_template", tag = "org",
    params(("id" = OrgId, Path)),
    responses(
        (status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = 404, body = Problem),
    )
)]
pub async fn export_template(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<OrgId>,
) -> Result<Response, ApiError> {
    need_at(&app, &caller, Act::ReadCounty, &id).await?;
    answer("template.xlsx", template::template(at(&headers)))
}

fn at(headers: &HeaderMap) -> usize {
    usize::from(Language::of(headers) == Language::English)
}

fn term_of(terms: Vec<TermView>, today: Day) -> Option<TermView> {
    // The newest first: the last that is not over is the one of today, or the next.
    let is_over = |term: &TermView| today.since(term.first_day) >= i64::from(term.weeks) * 7;
    let at = terms.iter().rposition(|term| !is_over(term)).unwrap_or(0);
    terms.into_iter().nth(at)
}

fn answer<E: std::fmt::Display>(name: &str, file: Result<Vec<u8>, E>) -> Result<Response, ApiError> {
    let file = file.map_err(|error| ApiError::Internal(format!("workbook: {error}").into()))?;
    let disposition = format!("attachment; filename=\"{name}\"");
    Ok(([(header::CONTENT_TYPE, XLSX.to_owned()), (header::CONTENT_DISPOSITION, disposition)], file)
        .into_response())
}

const TOO_LARGE: [&str; 2] = [
    "文件太大，最多 8 MB。请删去用不到的工作表和图片，或分几次导入。",
    "The file is larger than 8 MB. Remove sheets and pictures that are not needed, or import it in parts.",
];

fn not_imported(words: &'static [&'static str; 2]) -> ApiError {
    ApiError::NotImported(words)
}

/// Why a file is not read, and what to do.
fn unread(error: &ReadError) -> ApiError {
    let refused = match error {
        ReadError::Refused(refused) => refused,
        ReadError::Ended(_) | ReadError::TooLong => {
            tracing::warn!(%error, "a file was not read");
            return not_imported(&[
                "读取这个文件用的内存或时间超出了限制，已停止。请用表格软件另存一份，或分几次导入。",
                "Reading this file took more memory or time than it may, and was stopped. Save it anew, or import it in parts.",
            ]);
        }
        ReadError::Io(_) | ReadError::Answer(_) => return ApiError::Internal(error.to_string().into()),
    };
    const _: () =
        assert!(MAX_INFLATED_BYTES == 64 << 20 && MAX_CELLS == 200_000 && MAX_FILE_BYTES == 8 << 20);
    not_imported(match refused {
        Refused::NotASheet => &[
            "这不是可以导入的文件。请选择 xlsx、CSV，或 OneRoster 的 zip。",
            "This is no file to import. Choose an xlsx, a CSV, or a OneRoster zip.",
        ],
        Refused::OldOrLocked => &[
            "这是旧的 xls 格式，或有打开密码。请另存为 xlsx，并去掉密码。",
            "This is the old xls format, or has a password. Save it as xlsx without one.",
        ],
        Refused::Broken => &[
            "文件已损坏，读不完整。请重新保存或重新下载后再试。",
            "The file is damaged. Save or download it again.",
        ],
        Refused::Inflated => &[
            "文件解压后超过 64 MB，没有读取。请删去用不到的内容，或分几次导入。",
            "The file inflates to more than 64 MB and was not read. Remove what is not needed, or import it in parts.",
        ],
        Refused::Cells => &[
            "内容超过 200000 个格子（或 8 MB 文字）。请分几次导入，例如一次几所学校。",
            "There are more than 200,000 cells (or 8 MB of text). Import it in parts, a few schools at a time.",
        ],
        Refused::Sheets => &[
            "工作表或文件太多（最多 64 个）。请删去用不到的。",
            "There are more than 64 sheets or files. Remove those that are not needed.",
        ],
        Refused::Wide => &[
            "有内容在第 256 列以后。请删去右边用不到的列。",
            "Something stands right of column 256. Remove the columns that are not needed.",
        ],
        Refused::Encoding => &[
            "认不出文件的文字编码。请另存为 xlsx，或“CSV UTF-8”。",
            "The encoding of the text is not known. Save the file as xlsx, or as “CSV UTF-8”.",
        ],
    })
}
