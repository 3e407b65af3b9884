// Debian's OpenSSL 3.0 (libssl-dev), of which this is libcrypto, as Swift sees it: its own headers. No logic lives here.
#ifndef PYLON_CCRYPTO_H
#define PYLON_CCRYPTO_H

#include <openssl/crypto.h>
#include <openssl/evp.h>

#endif
