//! Resources as pages see them: paths become signed addresses.

use super::media_url::MediaUrls;
use crate::store::job::Job;
use crate::store::resource::Resource;
use tongtang_protocol::library::{JobView, ResourceView};
use tongtang_protocol::units::UnixMillis;

/// A resource for a page that may see it.
pub fn view_of(resource: &Resource, urls: &MediaUrls, now: UnixMillis) -> ResourceView {
    let sign = |path: &String| urls.sign(&resource.facts.recording_id, path, now);
    ResourceView {
        facts: resource.facts.clone(),
        playlist_url: resource.playlist.as_ref().map(sign),
        poster_url: resource.poster.as_ref().map(sign),
        job: job_of(&resource.job),
    }
}

fn job_of(job: &Job) -> JobView {
    JobView {
        id: job.id.clone(),
        state: job.state,
        percent: job.percent,
        step: job.step,
        eta_s: job.eta_s,
        failure: job.failure.clone(),
        attempts: job.attempt,
    }
}
