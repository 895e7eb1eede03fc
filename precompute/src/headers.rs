//! `build --headers HOST`: the file that tells a host how to send the folder's files. `hosting.md` says of each host where it
//! goes and what else there is to know.
//!
//! Every host is told the same: other origins may read the files; a file whose name carries a hash is cached for ever, any
//! other is asked about each time; and what type each is. Rules for one header never overlap, since hosts differ in what
//! they make of two that do: Netlify takes one, Cloudflare joins them by a comma.

use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

use crate::args::HostName;
use crate::publish::is_hashed;

/// For files whose content never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// For the others: a browser asks whether they are still the same.
const ASK: &str = "no-cache";
/// Of every file. The third lets pages show them that are isolated from other origins (COEP).
const OF_ALL: [(&str, &str); 3] = [
    ("Access-Control-Allow-Origin", "*"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
];
/// By ending. Browsers refuse scripts and wasm of another type.
const TYPES: [(&str, &str); 7] = [
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("wasm", "application/wasm"),
    ("jpg", "image/jpeg"),
    ("bin", "application/octet-stream"),
    ("html", "text/html; charset=utf-8"),
    ("sha256", "text/plain; charset=utf-8"),
];
/// A path that carries a hash, below the folder, for hosts that take regular expressions.
const HASHED: &str = "(?:[a-z_]+-[0-9a-f]+(?:[.][a-z0-9]+|/.*)|thumbnails/.*)";

/// Writes the files of `host` into the finished folder `folder`, which lies at the path `at` of the site (a slash on either end).
///
/// # Errors
/// If a file cannot be written.
pub fn write(folder: &Path, host: HostName, at: &str) -> anyhow::Result<()> {
    let names = Names::of(folder)?;
    let files: Vec<(&str, String)> = match host {
        HostName::Netlify | HostName::Cloudflare => vec![("_headers", rules(at, &names))],
        HostName::Vercel => vec![("vercel.json", vercel(at, &names)?)],
        HostName::Apache => vec![(".htaccess", apache())],
        HostName::Nginx => vec![("nginx.conf", nginx(at))],
        HostName::S3 => vec![("s3.sh", s3()), ("s3-cors.json", s3_cors()?)],
    };
    for (name, text) in files {
        fs::write(folder.join(name), text).with_context(|| format!("writing {name}"))?;
    }
    Ok(())
}

/// Names in the folder itself, sorted.
struct Names {
    hashed_folders: Vec<String>,
    hashed_files: Vec<String>,
    others: Vec<String>,
}

impl Names {
    fn of(folder: &Path) -> anyhow::Result<Names> {
        let mut names = Names { hashed_folders: Vec::new(), hashed_files: Vec::new(), others: Vec::new() };
        let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            match (is_hashed(&format!("{name}/")), entry.file_type()?.is_dir()) {
                (true, true) => names.hashed_folders.push(name),
                (true, false) => names.hashed_files.push(name),
                (false, true) => {}
                (false, false) => names.others.push(name),
            }
        }
        // Written after this.
        names.others.push(crate::publish::LIST.to_owned());
        Ok(names)
    }

    /// The paths that are cached in the one way and in the other, `*` for all files of a folder. By exact names: hosts differ in
    /// whether `*` may stand for a part of a name.
    fn cached(&self) -> impl Iterator<Item = (String, &'static str)> {
        let folders = self.hashed_folders.iter().map(|name| (format!("{name}/*"), FOR_EVER));
        let files = self.hashed_files.iter().map(|name| (name.clone(), FOR_EVER));
        folders.chain(files).chain(self.others.iter().map(|name| (name.clone(), ASK)))
    }
}

/// `_headers`, as Netlify and Cloudflare read it.
fn rules(at: &str, names: &Names) -> String {
    let mut text = "# Rules for the files of Lookalike. This file goes to the root of the site.\n".to_owned();
    text.push_str(&format!("{at}*\n"));
    for (name, value) in OF_ALL {
        text.push_str(&format!("  {name}: {value}\n"));
    }
    for (path, value) in names.cached() {
        text.push_str(&format!("{at}{path}\n  Cache-Control: {value}\n"));
    }
    text
}

fn vercel(at: &str, names: &Names) -> anyhow::Result<String> {
    let header = |key: &str, value: &str| json!({ "key": key, "value": value });
    let rule = |path: &str, headers: Vec<Value>| {
        // In their patterns a dot is a dot.
        json!({ "source": format!("{at}{}", path.replace('*', "(.*)")), "headers": headers })
    };
    let of_all = OF_ALL.iter().map(|(key, value)| header(key, value)).collect();
    let cached = names.cached().map(|(path, value)| rule(&path, vec![header("Cache-Control", value)]));
    let rules: Vec<Value> = std::iter::once(rule("*", of_all)).chain(cached).collect();
    Ok(format!("{:#}\n", json!({ "headers": rules })))
}

fn apache() -> String {
    let mut text =
        "# How Apache sends the files of Lookalike. This file goes into their folder.\n".to_owned();
    for (ending, kind) in TYPES {
        text.push_str(&format!("AddType \"{kind}\" .{ending}\n"));
    }
    text.push_str("Options -Indexes\n<IfModule mod_headers.c>\n");
    for (name, value) in OF_ALL {
        text.push_str(&format!("  Header set {name} \"{value}\"\n"));
    }
    text.push_str(&format!(
        "  Header set Cache-Control \"{ASK}\"\n  Header set Cache-Control \"{FOR_EVER}\" \"expr=%{{REQUEST_URI}} =~ m#/{HASHED}$#\"\n\
         </IfModule>\n<IfModule mod_deflate.c>\n  \
         AddOutputFilterByType DEFLATE text/javascript application/json application/wasm application/octet-stream\n\
         </IfModule>\n"
    ));
    text
}

fn nginx(at: &str) -> String {
    let types: String = TYPES
        .iter()
        .map(|(ending, kind)| {
            // The charset has a line of its own.
            let kind = kind.split(';').next().unwrap_or(kind);
            format!("        {kind} {ending};\n")
        })
        .collect();
    let all: String =
        OF_ALL.iter().map(|(name, value)| format!("    add_header {name} \"{value}\";\n")).collect();
    format!(
        "# How nginx sends the files of Lookalike. Include this file in a server block that has a root.\n\
         location ^~ {at} {{\n    types {{\n{types}    }}\n    default_type application/octet-stream;\n    charset utf-8;\n\
         {}    set $lookalike_cache \"{ASK}\";\n    if ($uri ~ \"^{at}{HASHED}$\") {{\n        \
         set $lookalike_cache \"{FOR_EVER}\";\n    }}\n{all}    add_header Cache-Control $lookalike_cache;\n    \
         gzip on;\n    gzip_types text/javascript application/json application/wasm application/octet-stream;\n    \
         try_files $uri =404;\n}}\n",
        "    charset_types text/javascript text/html text/plain;\n",
    )
}

/// Headers are of each object there, so a script uploads them: hashed files, the others, the manifest; then what is no longer
/// here is deleted, which the generation before still is.
fn s3() -> String {
    let mut text = "#!/bin/sh\n# Uploads the folder that this file is in with the AWS command line:  sh s3.sh s3://BUCKET/lookalike\n\
                    # manifest.json is the last, and deleting comes after it.\nset -eu\n\
                    to=${1:?\"give the address, such as s3://BUCKET/lookalike\"}\nfrom=$(dirname \"$0\")\n"
        .to_owned();
    for (ending, kind) in TYPES {
        text.push_str(&format!(
            "aws s3 sync \"$from\" \"$to\" --size-only --exclude '*' --include '*-????????????????/*.{ending}' \
             --include '*-????????????????.{ending}' --include 'thumbnails/*.{ending}' --exclude 'fragments/*' \
             --content-type '{kind}' --cache-control '{FOR_EVER}'\n"
        ));
    }
    text.push_str(&format!(
        "if [ -d \"$from/fragments\" ]; then aws s3 sync \"$from/fragments\" \"$to/fragments\" --content-type 'text/html; charset=utf-8' \
         --cache-control '{ASK}'; fi\n"
    ));
    for name in ["more-like-this.js", "lookalike.js", crate::publish::LIST, "manifest.json"] {
        let ending = name.rsplit('.').next().unwrap_or_default();
        let kind = TYPES.iter().find(|(known, _)| *known == ending).map_or("", |(_, kind)| kind);
        text.push_str(&format!(
            "if [ -f \"$from/{name}\" ]; then aws s3 cp \"$from/{name}\" \"$to/{name}\" --content-type '{kind}' \
             --cache-control '{ASK}'; fi\n"
        ));
    }
    text.push_str(
        "aws s3 sync \"$from\" \"$to\" --size-only --delete --exclude 's3.sh' --exclude 's3-cors.json'\n\
         # Once for the bucket:  aws s3api put-bucket-cors --bucket BUCKET --cors-configuration file://s3-cors.json\n",
    );
    text
}

fn s3_cors() -> anyhow::Result<String> {
    let rule = json!({
        "AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"], "AllowedHeaders": ["*"], "MaxAgeSeconds": 86400
    });
    Ok(format!("{:#}\n", json!({ "CORSRules": [rule] })))
}
