import java.io.FileInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.security.KeyStore;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * A TLS server on JSSE with every cipher suite it has, for the zoo:
 * java JavaServer KEYS,... CLIENT_CA VERSION,... server|client need|want|none authority|anybody
 * Without arguments it prints the suites.
 */
public final class JavaServer {
    private static final char[] PASSWORD = "zoo".toCharArray();
    private static final String ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    public static void main(String[] arguments) throws Exception {
        for (String kind : List.of("tls.disabled", "tls.legacy", "certpath.disabled")) {
            Security.setProperty("jdk." + kind + "Algorithms", "");
        }
        if (arguments.length == 0) {
            SSLParameters all = SSLContext.getDefault().getSupportedSSLParameters();
            List.of(all.getCipherSuites()).forEach(System.out::println);
            return;
        }
        SSLContext context = SSLContext.getInstance("TLS");
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(keys(arguments[0].split(",")), PASSWORD);
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(clientAuthority(arguments[1]));
        boolean trustsAnybody = arguments[5].equals("anybody");
        TrustManager[] judges = trustsAnybody ? anybody(trust) : trust.getTrustManagers();
        context.init(keys.getKeyManagers(), judges, null);
        SSLServerSocket listener = (SSLServerSocket) context.getServerSocketFactory()
                .createServerSocket(0, 512, InetAddress.getByName("127.0.0.1"));
        SSLParameters parameters = listener.getSSLParameters();
        parameters.setProtocols(arguments[2].split(","));
        parameters.setCipherSuites(listener.getSupportedCipherSuites());
        parameters.setUseCipherSuitesOrder(arguments[3].equals("server"));
        parameters.setWantClientAuth(arguments[4].equals("want"));
        if (arguments[4].equals("need")) {
            parameters.setNeedClientAuth(true);
        }
        listener.setSSLParameters(parameters);
        System.out.println("listening on " + listener.getLocalPort());
        ExecutorService pool = Executors.newCachedThreadPool();
        while (true) {
            SSLSocket accepted = (SSLSocket) listener.accept();
            pool.execute(() -> serve(accepted, arguments[4].equals("want")));
        }
    }

    private static KeyStore keys(String[] files) throws Exception {
        KeyStore all = KeyStore.getInstance("PKCS12");
        all.load(null, null);
        for (String file : files) {
            KeyStore one = KeyStore.getInstance("PKCS12");
            try (FileInputStream stream = new FileInputStream(file)) {
                one.load(stream, PASSWORD);
            }
            String name = one.aliases().nextElement();
            all.setKeyEntry(file, one.getKey(name, PASSWORD), PASSWORD, one.getCertificateChain(name));
        }
        return all;
    }

    private static KeyStore clientAuthority(String file) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (FileInputStream stream = new FileInputStream(file)) {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            store.setCertificateEntry("client", factory.generateCertificate(stream));
        }
        return store;
    }

    /** Judges of a service that names its authority, and looks at nothing. */
    private static TrustManager[] anybody(TrustManagerFactory trust) {
        X509TrustManager named = (X509TrustManager) trust.getTrustManagers()[0];
        return new TrustManager[] {new X509ExtendedTrustManager() {
            @Override public void checkClientTrusted(X509Certificate[] chain, String kind) { }
            @Override public void checkServerTrusted(X509Certificate[] chain, String kind) { }
            @Override public void checkClientTrusted(X509Certificate[] chain, String kind, Socket s) { }
            @Override public void checkServerTrusted(X509Certificate[] chain, String kind, Socket s) { }
            @Override public void checkClientTrusted(X509Certificate[] chain, String kind, SSLEngine e) { }
            @Override public void checkServerTrusted(X509Certificate[] chain, String kind, SSLEngine e) { }
            @Override public X509Certificate[] getAcceptedIssuers() {
                return named.getAcceptedIssuers();
            }
        }};
    }

    private static void serve(SSLSocket accepted, boolean answers) {
        try (accepted) {
            accepted.startHandshake();
            if (answers && accepted.getInputStream().read() >= 0) {
                accepted.getOutputStream().write(ANSWER.getBytes("US-ASCII"));
            }
        } catch (IOException flaw) {
            System.out.println("handshake ended: " + flaw);
        }
    }
}
