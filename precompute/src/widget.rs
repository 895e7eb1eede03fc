//! What a site hosts beside the catalogue, carried in this program: the element, its worker and wasm, and the demo shop.

/// A file and its path, with forward slashes.
pub struct File {
    /// Relative.
    pub path: &'static str,
    /// Its bytes.
    pub content: &'static [u8],
}

/// The widget's files in order of their paths; none if the program was built without (see `build.rs`).
pub fn files() -> &'static [File] {
    FILES
}

/// The file of the folder that a page's script tag names.
pub const ENTRY: &str = "more-like-this.js";

/// Its text, for the widget in the folder `path`.
pub fn entry(path: &str) -> String {
    format!("import \"./{path}/page/more-like-this.js\";\n")
}

/// The demo shop: `index.html` and what it loads from `shop/`.
pub fn shop() -> &'static [File] {
    SHOP
}

include!(concat!(env!("OUT_DIR"), "/widget_files.rs"));
