//! `precompute`: embeds a catalogue of product photos and writes the static folder that `<more-like-this>` reads.
//!
//! | place | holds |
//! |---|---|
//! | `args` | the command line |
//! | `arrow_columns` | columns of Arrow's memory format, of whatever types |
//! | `catalogue` | the photos and the shop's table |
//! | `feed` | what a shop's system exports, one file a format |
//! | `fetch` | feeds and photos from a shop's servers |
//! | `networks` | where a network comes from; the only reader of ONNX |
//! | `indexing` | `build`, one file a step |
//! | `commands` | the other subcommands, one a file |
//! | `publish` | putting the folder that `build` made into its place |
//! | `headers` | what tells a host how to send the folder's files |
//! | `folder_reader` | a finished folder, opened |
//! | `embedding_table` | the table of embeddings that `embed` writes and `build --embeddings` reads |
//! | `stored_embeddings` | the full-precision embeddings of a finished folder |
//! | `widget` | the files of `www/`, carried in the program |
//! | `workers` | pieces of work on several threads |
//! | `lock`, `interrupt`, `caught` | two runs at once, Ctrl-C, panics |
//! | `fault` | where tests make the program fail |

mod args;
mod arrow_columns;
mod catalogue;
mod caught;
mod commands;
mod embedding_table;
mod fault;
mod feed;
mod fetch;
mod folder_reader;
mod headers;
mod indexing;
mod interrupt;
mod lock;
mod networks;
mod progress;
mod publish;
mod stored_embeddings;
mod widget;
mod workers;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command, FeedCommand, ModelCommand};

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    // A server goes on when a browser closes its connection.
    if !matches!(command, Command::Serve(_)) {
        sigpipe::reset();
    }
    let result = match command {
        Command::Build(arguments) => indexing::run(&arguments),
        Command::Embed(arguments) => commands::embed::run(&arguments),
        Command::Feed(FeedCommand::Inspect(arguments)) => commands::feed::inspect(&arguments),
        Command::Query(arguments) => commands::query::run(&arguments),
        Command::Eval(arguments) => commands::eval::run(&arguments),
        Command::Export(arguments) => commands::export::run(&arguments),
        Command::Publish(arguments) => commands::publish::run(&arguments),
        Command::Verify(arguments) => commands::verify::run(&arguments),
        Command::Serve(arguments) => commands::serve::run(&arguments),
        Command::Model(ModelCommand::Compile(arguments)) => commands::model::compile(&arguments),
        Command::Sample(arguments) => commands::sample::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("precompute: {error:#}");
            let interrupted = error.is::<interrupt::Interrupted>();
            ExitCode::from(if interrupted { interrupt::EXIT_CODE } else { 1 })
        }
    }
}
