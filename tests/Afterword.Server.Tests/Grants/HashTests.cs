using System.Buffers.Binary;
using Afterword.Server.Access.SignIn;
using Afterword.Server.Hosting;
using Microsoft.Extensions.Configuration;

namespace Afterword.Server.Tests.Grants;

/// <summary>How costly it is to guess a password from a stolen store.</summary>
public sealed class HashTests
{
    [Fact]
    public void A_password_takes_210_000_rounds_if_nobody_says_more()
    {
        Assert.Equal(210_000, Read()!.SignIn.HashRounds);
        Assert.Equal(250_000, Read(("SignIn:HashRounds", "250000"))!.SignIn.HashRounds);
        Assert.Null(Read(("SignIn:HashRounds", "209999")));

        Assert.Equal(210_000, RoundsOf(new PasswordHashes().Hash("correct horse")));
    }

    [Fact]
    public void A_hash_made_with_other_rounds_goes_on_matching()
    {
        var (few, more) = (new PasswordHashes(1_000), new PasswordHashes(2_000));

        Assert.True(more.Matches(few.Hash("correct horse"), "correct horse"));
        Assert.False(more.Matches(few.Hash("correct horse"), "another"));
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
