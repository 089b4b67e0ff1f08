using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Afterword.EndToEnd.Tests.Interop;

/// <summary>A certificate authority that lives as long as a test, and the one certificate it has issued. Only processes that are told to trust it.</summary>
internal sealed class TestAuthority
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private static readonly TimeSpan s_lifetime = TimeSpan.FromDays(2);

    private TestAuthority(string folder, string keyHash)
    {
        CertificateFile = Path.Combine(folder, "cert.pem");
        KeyFile = Path.Combine(folder, "key.pem");
        RootFile = Path.Combine(folder, "root.pem");
        KeyHash = keyHash;
    }

    public string CertificateFile { get; }

    public string KeyFile { get; }

    /// <summary>What clients trust.</summary>
    public string RootFile { get; }

    /// <summary>The hash by which Chromium can be told to take this key and no other.</summary>
    public string KeyHash { get; }

    /// <param name="folder">Where the PEM files go.</param>
    /// <param name="names">Whom the certificate is for.</param>
    public static async Task<TestAuthority> IssueAsync(string folder, params string[] names)
    {
        var now = TimeProvider.System.GetUtcNow();
        var (from, to) = (now - s_lifetime, now + s_lifetime);

        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var root = new CertificateRequest("CN=Afterword test authority", rootKey, HashAlgorithmName.SHA256);
        root.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        root.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        root.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(root.PublicKey, critical: false));
        using var authority = root.CreateSelfSigned(from, to);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = new CertificateRequest($"CN={names[0]}", key, HashAlgorithmName.SHA256);
        var also = new SubjectAlternativeNameBuilder();
        foreach (var name in names) also.AddDnsName(name);
        leaf.CertificateExtensions.Add(also.Build());
        leaf.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, false, 0, critical: true));
        leaf.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        leaf.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication)], critical: false));
        leaf.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        using var certificate = leaf.Create(authority, from, to, RandomNumberGenerator.GetBytes(8));

        var issued = new TestAuthority(folder, Convert.ToBase64String(SHA256.HashData(key.ExportSubjectPublicKeyInfo())));
        await File.WriteAllTextAsync(issued.RootFile, authority.ExportCertificatePem());
        await File.WriteAllTextAsync(issued.CertificateFile, certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(issued.KeyFile, key.ExportPkcs8PrivateKeyPem());
        return issued;
    }
}
