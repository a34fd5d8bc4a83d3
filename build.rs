//! Compiles the protos with `protox`, so that nobody needs `protoc`.

use std::{env, error::Error, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(
        [
            "hongyan/notice/v1/notice.proto",
            "hongyan/exchange/v1/exchange.proto",
            "hongyan/office/v1/office.proto",
        ],
        ["proto"],
    )?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    tonic_prost_build::configure()
        .file_descriptor_set_path(out.join("hongyan.bin"))
        .bytes(".hongyan")
        // A derived `Debug` would print people.
        .skip_debug(["."])
        .compile_fds(descriptors)?;
    Ok(())
}
