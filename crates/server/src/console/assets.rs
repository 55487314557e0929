//! Styles, scripts and the mark, compiled in: nothing is fetched from elsewhere and nothing is read from disk.

use std::sync::LazyLock;

use super::segments::Segments;
use aws_lc_rs::digest;
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::problem;

struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

const ASSETS: [Asset; 5] = [
    Asset {
        name: "console.css",
        content_type: "text/css; charset=utf-8",
        bytes: include_bytes!("../../static/console.css"),
    },
    Asset {
        name: "keys.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../static/keys.js"),
    },
    Asset {
        name: "live.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../static/live.js"),
    },
    Asset {
        name: "plan.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../static/plan.js"),
    },
    Asset { name: "mark.svg", content_type: "image/svg+xml", bytes: include_bytes!("../../static/mark.svg") },
];

/// Names the present content of all files, so that a browser may keep them for good; 16 hexadecimal digits.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = digest::Context::new(&digest::SHA256);
    ASSETS.iter().for_each(|asset| hash.update(asset.bytes));
    hash.finish().as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
});

/// The address of a file, with the version of its content.
pub(super) fn path(name: &str) -> String {
    format!("/static/{name}?v={}", *VERSION)
}

/// Serves one of the files.
pub(super) async fn handle(Segments(name): Segments<String>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return problem::not_found().await.into_response();
    };
    // Why: pages ask by version, so a new build is a new address; a year is the longest that caches honor (RFC 9111).
    let headers = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (StatusCode::OK, headers, asset.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_file_has_its_type_and_may_be_kept() {
        for asset in &ASSETS {
            let response = handle(Segments(asset.name.to_owned())).await;
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()[header::CONTENT_TYPE], asset.content_type);
            assert!(response.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("max-age"));
        }
    }

    #[tokio::test]
    async fn there_is_no_other_file() {
        for name in ["../Cargo.toml", "console.css.map", ""] {
            assert_eq!(handle(Segments(name.to_owned())).await.status(), StatusCode::NOT_FOUND, "{name}");
        }
    }

    #[test]
    fn styles_and_scripts_ask_nothing_of_other_hosts() {
        for asset in ASSETS.iter().filter(|asset| !asset.name.ends_with(".svg")) {
            let text = std::str::from_utf8(asset.bytes).unwrap();
            for foreign in ["http:", "https:", "@import", "url(//", "eval(", ".style", "document.write"] {
                assert!(!text.contains(foreign), "{}: {foreign}", asset.name);
            }
        }
    }
}
