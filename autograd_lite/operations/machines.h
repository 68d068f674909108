/* FOR_EACH_MACHINE before a function: compiled once more for machines with wider registers, of which
   one is chosen when the library is loaded. */
#ifndef AUTOGRAD_LITE_MACHINES_H
#define AUTOGRAD_LITE_MACHINES_H

#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__) \
    && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FOR_EACH_MACHINE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EACH_MACHINE
#endif

#endif
