using Afterword.Server.SignIn;

namespace Afterword.Server.Tests.Grants;

/// <summary>Where a link to the sign-in page may lead afterwards: to this server alone.</summary>
public sealed class LocalPathTests
{
    [Theory]
    [InlineData("/messages/furni")]
    [InlineData("/oauth/authorize?oauth_token=a%2Fb&x=1")]
    [InlineData("/@furni")]
    public void A_path_of_this_server_is_kept(string path) => Assert.Equal(path, LocalPath.Read(path));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("messages")]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("///evil.example/")]
    [InlineData("/\\evil.example/")]
    [InlineData("\\\\evil.example")]
    [InlineData("/%2F/\nevil.example")]
    [InlineData("/messages\r\nLocation: https://evil.example")]
    [InlineData("/javascript:alert(1)")]
    public void Whatever_could_begin_another_host_is_not(string? path) => Assert.Null(LocalPath.Read(path));
}
