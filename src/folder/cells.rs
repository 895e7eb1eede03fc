//! The names of the files in the folder of cells.

/// Of a cell's codes.
pub fn cell_codes_name(cell: u32) -> String {
    format!("codes-{cell}.bin")
}

/// Of a cell's refinement.
pub fn cell_refinement_name(cell: u32) -> String {
    format!("refinement-{cell}.bin")
}

/// Of a cell's colours.
pub fn cell_colours_name(cell: u32) -> String {
    format!("colours-{cell}.bin")
}

/// Of a cell's attributes.
pub fn cell_attributes_name(cell: u32) -> String {
    format!("attributes-{cell}.bin")
}

/// Of a file of places, numbered from 0.
pub fn places_name(number: u32) -> String {
    format!("places-{number}.bin")
}
