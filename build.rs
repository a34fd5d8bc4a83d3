//! Compiles the protos with `protox`, so that nobody needs `protoc`.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_imports(true).open_files([
        "hongyan/notice/v1/notice.proto",
        "hongyan/exchange/v1/exchange.proto",
        "hongyan/office/v1/office.proto",
    ])?;
    // `compile_fds` never writes the descriptor set, whatever path it is given.
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(
        out.join("hongyan.bin"),
        compiler.encode_file_descriptor_set(),
    )?;
    compiler.include_source_info(true);
    tonic_prost_build::configure()
        .bytes(".hongyan")
        // A derived `Debug` would print people.
        .skip_debug(["."])
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
