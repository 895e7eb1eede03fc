//! What there is to embed: the photos of a folder, and the shop's table of products.

mod photos;
mod table;

pub use photos::{Product, find_products};
pub use table::{ProductFields, read_table};
