//! Options of publishing: of `build`, and `publish` itself.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Serialize;

/// How the finished folder is published.
#[derive(Args, Clone, Debug, Serialize)]
pub struct PublishOptions {
    /// How many earlier generations' files stay beside the new ones, for pages that are still open and scripts that browsers
    /// have cached; those whose names carry a hash alone
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=9))]
    pub keep_generations: u8,
    /// Also write what tells this host how to send the files: whom they are for (CORS), how long they may be cached, their types.
    /// hosting.md says where it goes
    #[arg(long, value_enum, value_name = "HOST")]
    pub headers: Option<HostName>,
    /// Where the folder lies on the host, such as /lookalike/; the rules of --headers are for files below it
    #[arg(long, value_name = "PATH", default_value = "/", requires = "headers", value_parser = site_path)]
    pub headers_at: String,
}

/// Hosts that `--headers` knows.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HostName {
    /// `_headers`, for the root of the site
    Netlify,
    /// `_headers`, for the root of the site (Pages, and Workers with static assets)
    Cloudflare,
    /// `.htaccess`, for the folder itself
    Apache,
    /// `nginx.conf`, to include in a server block
    Nginx,
    /// `s3.sh`, which uploads the folder with the AWS command line, and `s3-cors.json`
    S3,
    /// `vercel.json`, for the root of the project
    Vercel,
}

/// Publish a finished folder to another place, such as a mounted web root.
///
/// Files are put in one by one, each whole or not at all, manifest.json last; then what no page needs any more is removed. The
/// hashed files of the generation before stay. Ended at any moment, it can be run again. What is there that `build` did
/// not make stays.
#[derive(Args, Debug)]
pub struct PublishArguments {
    /// A folder made by `build`
    pub dir: PathBuf,
    /// The folder to publish to; made if it is not there
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// 1: the files of the generation before stay; 0: they are removed
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=1))]
    pub keep_generations: u8,
}

/// Seconds, more than 0.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| *seconds > 0.0);
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or_else(|| "give a number of seconds above 0".to_owned())
}

/// A path on a site, with a slash on either end.
fn site_path(text: &str) -> Result<String, String> {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/-_.~".contains(character);
    if !text.starts_with('/') || text.contains("..") || !text.chars().all(plain) {
        return Err("give the path of the folder on the site, such as /lookalike/".to_owned());
    }
    let inner = text.trim_matches('/');
    Ok(if inner.is_empty() { "/".to_owned() } else { format!("/{inner}/") })
}
