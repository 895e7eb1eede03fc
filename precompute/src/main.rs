//! spike
mod args;
mod networks;
use clap::Parser;
fn main() -> anyhow::Result<()> {
    match args::Arguments::parse().command {
        args::Command::Model(args::ModelCommand::Compile(a)) => {
            networks::Compiled::from_onnx(&a.network, a.output.as_deref(), &a.options)?.write(&a.out)?;
            let o = networks::open_folder(&a.out)?;
            let side = o.network.description().preprocessing.width as usize;
            let x: Vec<f32> = (0..side*side*3).map(|i| ((i*7919%1000) as f32)/500.0-1.0).collect();
            let t = std::time::Instant::now();
            let e = o.network.run(&x)?;
            println!("{:?} {:?}", t.elapsed(), &e[..4]);
            Ok(())
        }
        _ => Ok(())
    }
}
