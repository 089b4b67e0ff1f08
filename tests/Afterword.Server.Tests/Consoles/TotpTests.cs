using System.Text;
using Afterword.Server.Console.Authentication;

namespace Afterword.Server.Tests.Consoles;

/// <summary>RFC 6238 and RFC 4648 by their own examples.</summary>
public sealed class TotpTests
{
    // RFC 6238, appendix B, SHA1; the last six of its eight digits.
    [Theory]
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(1111111111, "050471")]
    [InlineData(1234567890, "005924")]
    [InlineData(2000000000, "279037")]
    [InlineData(20000000000, "353130")]
    public void The_codes_are_those_of_the_standard(long seconds, string code) =>
        Assert.Equal(code, Totp.CodeAt(Encoding.ASCII.GetBytes("12345678901234567890"), DateTimeOffset.FromUnixTimeSeconds(seconds)));

    [Theory]
    [InlineData("", "")]
    [InlineData("f", "MY")]
    [InlineData("fo", "MZXQ")]
    [InlineData("foo", "MZXW6")]
    [InlineData("foob", "MZXW6YQ")]
    [InlineData("fooba", "MZXW6YTB")]
    [InlineData("foobar", "MZXW6YTBOI")]
    public void Keys_are_written_as_the_standard_writes_them(string text, string key) => Assert.Equal(key, Base32.Write(Encoding.ASCII.GetBytes(text)));

    [Theory]
    [InlineData(-60, false)]
    [InlineData(-30, true)]
    [InlineData(0, true)]
    [InlineData(30, true)]
    [InlineData(60, false)]
    public void A_clock_may_be_off_by_one_step(int seconds, bool taken)
    {
        var secret = Encoding.ASCII.GetBytes("12345678901234567890");
        var now = DateTimeOffset.FromUnixTimeSeconds(1_767_603_600);
        Assert.Equal(taken, Totp.StepOf(secret, Totp.CodeAt(secret, now.AddSeconds(seconds)), now) is not null);
    }

    [Theory]
    [InlineData("")]
    [InlineData("12345")]
    [InlineData("1234567")]
    [InlineData("１２３４５６")]
    [InlineData("-12345")]
    public void What_is_no_code_is_refused(string code) => Assert.Null(Totp.StepOf(new byte[20], code, DateTimeOffset.FromUnixTimeSeconds(0)));
}
