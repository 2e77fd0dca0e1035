package dev.demotic.cli;

import dev.demotic.runtime.DemoticException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/** Trusts whoever shows a certificate that lies in a file, whatever name is in it and whoever vouches for it, and nobody else. */
final class KnownCertificate extends X509ExtendedTrustManager {
    private final Certificate known;

    private KnownCertificate(Certificate known) {
        this.known = known;
    }

    /** @param file in PEM form; of several certificates in it, the first counts */
    static KnownCertificate of(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return new KnownCertificate(CertificateFactory.getInstance("X.509").generateCertificate(in));
        } catch (IOException | CertificateException failure) {
            throw new DemoticException(
                    "the certificate in %s cannot be read (%s)".formatted(file, failure.getMessage()), failure);
        }
    }

    /** Connections that trust it alone. */
    SSLContext context() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {this}, new SecureRandom());
            return context;
        } catch (GeneralSecurityException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private void check(X509Certificate[] shown) throws CertificateException {
        if (!shown[0].equals(known)) {
            throw new CertificateException("the server shows another certificate than it was given");
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] shown, String type, SSLEngine engine) throws CertificateException {
        check(shown);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] shown, String type, Socket socket) throws CertificateException {
        check(shown);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] shown, String type) throws CertificateException {
        check(shown);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] shown, String type, SSLEngine engine) throws CertificateException {
        check(shown);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] shown, String type, Socket socket) throws CertificateException {
        check(shown);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] shown, String type) throws CertificateException {
        check(shown);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
