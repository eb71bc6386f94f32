import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import java.io.ByteArrayInputStream;
import java.io.FileInputStream;
import java.io.InputStream;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;

/** SealJudge ANCHORS.pem LISTS.pem FILE...: one line a signature, "FILE INDICATION SUBINDICATION FORMAT". */
public class SealJudge {
  public static void main(String[] arguments) throws Exception {
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    CommonTrustedCertificateSource trusted = new CommonTrustedCertificateSource();
    try (InputStream in = new FileInputStream(arguments[0])) {
      for (var anchor : factory.generateCertificates(in)) {
        trusted.addCertificate(new CertificateToken((X509Certificate) anchor));
      }
    }
    List<InputStream> lists = new ArrayList<>();
    try (InputStream in = new FileInputStream(arguments[1])) {
      for (var list : factory.generateCRLs(in)) {
        lists.add(new ByteArrayInputStream(((X509CRL) list).getEncoded()));
      }
    }
    CommonCertificateVerifier verifier = new CommonCertificateVerifier();
    verifier.setTrustedCertSources(trusted);
    verifier.setAIASource(null);
    verifier.setCrlSource(new ExternalResourcesCRLSource(lists.toArray(new InputStream[0])));
    for (int i = 2; i < arguments.length; i++) {
      SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(arguments[i]));
      validator.setCertificateVerifier(verifier);
      SimpleReport report = validator.validateDocument().getSimpleReport();
      for (String id : report.getSignatureIdList()) {
        System.out.println(arguments[i] + " " + report.getIndication(id) + " " + report.getSubIndication(id) + " "
            + report.getSignatureFormat(id));
      }
    }
  }
}
