#!/usr/bin/env bash
# Two sandbox nodes of one pilot authority on this machine, paired with each other.
# 在本机建立同一试点证书机构的两个测试节点，并互相配对。
#
#   deploy/two-nodes.sh DIR     makes DIR/ca, DIR/jinjiang and DIR/guandu; DIR must not exist
set -euo pipefail
dir=${1:?usage: deploy/two-nodes.sh DIR}
here=$(cd "$(dirname "$0")/.." && pwd)
[[ ! -e $dir ]] || { echo "$dir exists; name another directory" >&2; exit 2; }
cargo build --release --manifest-path "$here/Cargo.toml"
hongyan=$here/target/release/hongyan

set -x
"$hongyan" authority init --dir "$dir/ca" --trust-domain pilot.example
"$hongyan" init --area 350582 --dir "$dir/jinjiang" --authority "$dir/ca" --sandbox \
    --exchange 127.0.0.1:7443 --office 127.0.0.1:7444
"$hongyan" init --area 530111 --dir "$dir/guandu" --authority "$dir/ca" --sandbox \
    --exchange 127.0.0.1:7543 --office 127.0.0.1:7544
"$hongyan" peer invite --node "$dir/jinjiang" --for 530111 --out "$dir/invitation.txt"
# --yes: both sides are ours. Between two offices the fingerprints are read over the telephone.
"$hongyan" peer accept --node "$dir/guandu" "$dir/invitation.txt" --answer "$dir/answer.txt" --yes
"$hongyan" peer accept --node "$dir/jinjiang" "$dir/answer.txt" --yes
