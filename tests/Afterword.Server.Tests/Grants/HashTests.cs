using System.Buffers.Binary;
using Afterword.Server.Configuration;
using Afterword.Server.SignIn;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.Grants;

/// <summary>How costly it is to guess a password from a stolen store.</summary>
public sealed class HashTests
{
    [Fact]
    public void A_password_takes_210_000_rounds_whatever_the_settings()
    {
        Assert.Equal(210_000, Read()!.SignIn.HashRounds);
        Assert.Equal(210_000, Read(("SignIn:HashRounds", "1"))?.SignIn.HashRounds ?? 210_000);
        Assert.Equal(210_000, RoundsOf(new PasswordHashes().Hash("correct horse")));
    }

    /// <summary>The rounds of a hash in the framework's third format: a marker, then the hash function (2: SHA-512), the rounds and the length of the salt.</summary>
    internal static int RoundsOf(string hash)
    {
        var bytes = Convert.FromBase64String(hash);
        Assert.Equal(1, bytes[0]);
        Assert.Equal(2u, BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(1)));
        return (int)BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(5));
    }

    private static Settings? Read(params (string Key, string Value)[] given) => SettingsReader.Read(
        new ConfigurationBuilder().AddInMemoryCollection(given.Select(pair => new KeyValuePair<string, string?>(pair.Key, pair.Value))).Build()).Settings;
}
