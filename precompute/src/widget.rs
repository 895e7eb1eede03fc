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

/// The files of the folder that pages name, and their texts for the widget in the folder `path`: the element, and what
/// there is without one.
pub fn entries(path: &str) -> [(&'static str, String); 2] {
    [
        ("more-like-this.js", format!("import \"./{path}/page/more-like-this.js\";\n")),
        ("lookalike.js", format!("export * from \"./{path}/page/lookalike.js\";\n")),
    ]
}

/// The demo shop: `index.html` and what it loads from `shop/`.
pub fn shop() -> &'static [File] {
    SHOP
}

include!(concat!(env!("OUT_DIR"), "/widget_files.rs"));
