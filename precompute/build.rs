//! Lists the widget's files for `src/widget.rs`. They come from the folder that LOOKALIKE_WIDGET names, which the
//! Makefile fills (`make widget`); without it the program carries no widget and says so.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=LOOKALIKE_WIDGET");
    let mut widget = Vec::new();
    if let Some(folder) = env::var_os("LOOKALIKE_WIDGET").filter(|folder| !folder.is_empty()) {
        let folder = PathBuf::from(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        list(&folder, &folder, &mut widget)?;
    }
    let root =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| io::Error::other("cargo sets it"))?);
    let root = root.parent().ok_or_else(|| io::Error::other("precompute lies in the project"))?.to_path_buf();
    println!("cargo::rerun-if-changed={}", root.join("www/shop").display());
    let mut shop = vec![("index.html".to_owned(), root.join("index.html"))];
    list(&root.join("www"), &root.join("www/shop"), &mut shop)?;

    let source = format!("{}{}", constant("FILES", widget), constant("SHOP", shop));
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?);
    fs::write(out.join("widget_files.rs"), source)
}

fn constant(name: &str, mut files: Vec<(String, PathBuf)>) -> String {
    files.sort();
    let files = files.into_iter().map(|(path, file)| {
        println!("cargo::rerun-if-changed={}", file.display());
        format!("    File {{ path: {path:?}, content: include_bytes!({file:?}) }},\n")
    });
    format!("const {name}: &[File] = &[\n{}];\n", files.collect::<String>())
}

fn list(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(root, &path, files)?;
        } else {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            files.push((parts.join("/"), path.clone()));
        }
    }
    Ok(())
}
