//! What JavaScript sees, as two modules: one ranks ([`rank`]), the other embeds photos ([`embed`]); a page that filters
//! loads only the first. The worker (`www/worker`) drives these classes; the types are in `www/wasm/`.
//!
//! Every failure is thrown as an `Error` whose `code` is stable and whose message is for people.

#[cfg(feature = "embed")]
mod embed;
#[cfg(feature = "rank")]
mod options;
#[cfg(all(feature = "rank", feature = "ivf"))]
mod partitions;
#[cfg(feature = "rank")]
mod rank;

#[cfg(feature = "embed")]
pub use embed::{Embedder, NetworkLoader, Picture, PictureRows};
#[cfg(feature = "rank")]
pub use rank::Ranker;

use js_sys::{Error, Reflect};
use wasm_bindgen::prelude::*;

use crate::format::FormatError;

/// Runs once when the module is instantiated.
#[wasm_bindgen(start)]
pub fn start() {
    // A panic is a bug, and the worker reports it as a crash either way; the words for it are where there is room for them.
    #[cfg(feature = "embed")]
    console_error_panic_hook::set_once();
}

fn thrown(code: &str, message: &str) -> JsValue {
    let error = Error::new(message);
    // Setting a property on a fresh object cannot fail.
    Reflect::set(&error, &"code".into(), &code.into()).ok();
    error.into()
}

fn refused(file: &str) -> impl Fn(FormatError) -> JsValue + '_ {
    move |error| {
        let thrown = thrown(error.code(), &format!("{file} {error}"));
        Reflect::set(&thrown, &"file".into(), &file.into()).ok();
        thrown
    }
}
