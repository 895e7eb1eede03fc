//! The names of the files of cells.

/// Of a cell's codes.
pub fn cell_codes_name(cell: u32) -> String {
    format!("codes-{cell}.bin")
}

/// Of a cell's refinement.
pub fn cell_refinement_name(cell: u32) -> String {
    format!("refinement-{cell}.bin")
}

/// Of a cell's file in a layer's own folder ([`layer_folder`]).
pub fn cell_name(cell: u32) -> String {
    format!("{cell}.bin")
}

/// The folder of a layer, colours or attributes, that lies beside the file of that path, which has the digests of its files.
pub fn layer_folder(path: &str) -> &str {
    path.strip_suffix(".bin").unwrap_or(path)
}

/// Of a file of places, numbered from 0.
pub fn places_name(number: u32) -> String {
    format!("places-{number}.bin")
}
