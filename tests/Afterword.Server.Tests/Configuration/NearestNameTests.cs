using Afterword.Server.Configuration;

namespace Afterword.Server.Tests.Configuration;

public sealed class NearestNameTests
{
    private static readonly string[] s_known = ["agent", "from_time", "tags"];

    [Theory]
    [InlineData("agents", "agent")]
    [InlineData("form_time", "from_time")]
    [InlineData("cursor", null)]
    public void A_slip_of_a_key_is_known(string typed, string? meant) => Assert.Equal(meant, NearestName.Of(typed, s_known));

    [Fact]
    public void A_name_that_a_stranger_made_long_costs_nothing()
    {
        var typed = new string('a', 100_000);
        Assert.Null(NearestName.Of("warmed up", s_known));

        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(NearestName.Of(typed, s_known));

        // A table of one letter by the other would be 2 MB for each known name.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
    }
}
