#!/bin/sh
# Holds ARM's kernels (NEON, i8mm) to the bits of this processor's, without an ARM: they are compiled by clang and run by qemu.
# Needs gcc, clang, qemu-aarch64-static, aarch64-linux-gnu-ld and the C library for it; on Debian:
#   apt-get install gcc clang qemu-user-static binutils-aarch64-linux-gnu gcc-aarch64-linux-gnu libc6-dev-arm64-cross
# CLANG names another clang, SYSROOT another place for the C library.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source=$here/../../runtime/src/main/native
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
common="-std=gnu11 -ffp-contract=off -fPIC -w -I$source"
arm="${CLANG:-clang} --target=aarch64-linux-gnu -isystem ${SYSROOT:-/usr/aarch64-linux-gnu}/include"

compile() { # compiler, folder, set, flags, sources
  command=$1 folder=$build/$2 set=$3 flags=$4
  shift 4
  mkdir -p "$folder"
  for file in "$@"; do
    # shellcheck disable=SC2086
    $command $common -O1 $flags -DISA="$set" -c "$file" -o "$folder/$(basename "$file" .c)_$set.o"
  done
}
of() { for name in "$@"; do echo "$source/$name.c"; done; }

# shellcheck disable=SC2046
{
  compile gcc here avx2 "-mavx2 -mfma -mf16c" $(of product_quantized product_float attention rows ceilings)
  compile gcc here avx512 "-mavx2 -mfma -mf16c -mavx512f -mavx512bw -mavx512dq -mavx512vl" \
    $(of product_quantized product_float attention rows ceilings)
  compile gcc here avx512vnni "-mavx2 -mfma -mf16c -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni" \
    $(of product_quantized ceilings)
  compile gcc here avx512bf16 "-mavx2 -mfma -mf16c -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512bf16" $(of product_float)
  compile gcc here all "" $(of pack kernels) "$here/products.c"
  compile "$arm" arm neon "-march=armv8.2-a+dotprod+fp16" $(of product_quantized product_float attention rows ceilings)
  compile "$arm" arm i8mm "-march=armv8.2-a+dotprod+fp16+i8mm" $(of product_quantized ceilings)
  compile "$arm" arm all "" $(of pack kernels) "$here/products.c"
}
gcc "$build"/here/*.o -lm -o "$build/products"
aarch64-linux-gnu-gcc -static "$build"/arm/*.o -lm -o "$build/products_arm"
"$build/products" > "$build/here.txt"
qemu-aarch64-static -cpu max "$build/products_arm" > "$build/arm.txt"
cat "$build/here.txt" "$build/arm.txt"

status=0
for set in neon i8mm; do
  for format in f32 f16 bf16 q8_0 q4_0 q4_k q5_k q6_k; do
    grep -q "^$set $format $(sed -n "s/^avx2 $format //p" "$build/here.txt")\$" "$build/arm.txt" \
      || { echo "$set computes $format otherwise than avx2" >&2; status=1; }
  done
done
[ $status = 0 ] && echo "NEON and i8mm have AVX2's bits in all formats, for 1 to 45 rows."
exit $status
