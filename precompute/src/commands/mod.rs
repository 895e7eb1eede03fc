//! The subcommands that read a folder or make something beside it, one a file. `build` has a folder of its own.

pub mod embed;
pub mod eval;
pub mod export;
pub mod feed;
pub mod model;
pub mod publish;
pub mod query;
pub mod sample;
pub mod serve;
pub mod verify;
