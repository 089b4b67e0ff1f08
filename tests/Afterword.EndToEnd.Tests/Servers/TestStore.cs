using System.Data.Common;
using Afterword.Server.Configuration;
using Afterword.Server.Storage;
using Microsoft.Extensions.Configuration;

namespace Afterword.EndToEnd.Tests.Servers;

/// <summary>A store of its own for a test: where it is, and a way in that uses none of the server's code.</summary>
internal abstract class TestStore
{
    /// <summary>The engine, for messages.</summary>
    public abstract string Engine { get; }

    /// <summary>The setting that leads the server to this store.</summary>
    public abstract (string Key, string Value) Place { get; }

    /// <summary>Selects the whole numbers from 1 to <c>@count</c> as <c>numbers.n</c>.</summary>
    public abstract string Numbers { get; }

    /// <summary>Opens a plain connection.</summary>
    public abstract Task<DbConnection> ConnectAsync();

    /// <summary>Makes a copy, once no server runs on it.</summary>
    public abstract Task<TestStore> CopyAsync();

    /// <summary>The numbers of the database sessions that there are, where the engine is a process of its own.</summary>
    public abstract Task<IReadOnlySet<int>> SessionsAsync();

    /// <summary>Waits until none of the given sessions is left: whatever they were about to commit is committed or not.</summary>
    public abstract Task EndOfAsync(IReadOnlySet<int> sessions);

    /// <summary>Opens the store as the server does, to set up accounts.</summary>
    public async Task<Store> OpenAsync()
    {
        var (settings, errors) = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection([new(Place.Key, Place.Value)]).Build());
        Assert.Empty(errors);
        return await Store.OpenAsync(settings!, TimeProvider.System, CancellationToken.None);
    }

    public async Task<int> RunAsync(string sql, params (string Name, object Value)[] values)
    {
        await using var connection = await ConnectAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // texts of the tests
        command.CommandText = sql;
#pragma warning restore CA2100

        // A million rows take a busy machine longer than a provider waits by itself.
        command.CommandTimeout = 0;
        foreach (var (name, value) in values)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }

        return await command.ExecuteNonQueryAsync();
    }
}
